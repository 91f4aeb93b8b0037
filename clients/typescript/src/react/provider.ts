'use client';
import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react';
import type { SocketClient } from '../index.js';

/** `null`: there is no provider. `undefined`: there is one without a client. */
const ClientContext = createContext<SocketClient | undefined | null>(null);

export interface GatewayProviderProps {
  /**
   * The client from `connect()`. The code that creates it must also close it. `undefined` on a
   * server, or until the page has created it: the hooks then return their empty state.
   */
  readonly client: SocketClient | undefined;
  readonly children?: ReactNode;
}

/** Provides the client to the hooks below it. */
export function GatewayProvider({ client, children }: GatewayProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

export function useClient(): SocketClient | undefined {
  const client = useContext(ClientContext);
  if (client === null) throw new Error('There is no <GatewayProvider> above this component');
  return client;
}
