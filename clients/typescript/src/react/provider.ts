'use client';
import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react';
import type { SocketClient } from '../index.js';

const ClientContext = createContext<SocketClient | undefined>(undefined);

export interface GatewayProviderProps {
  /** The client from `connect()`. The code that creates it must also close it. */
  readonly client: SocketClient;
  readonly children?: ReactNode;
}

/** Provides the client to the hooks below it. */
export function GatewayProvider({ client, children }: GatewayProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

export function useClient(): SocketClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('There is no <GatewayProvider> above this component');
  return client;
}
