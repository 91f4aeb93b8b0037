'use client';
import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react';
import type { SocketClient } from '../index.js';

const ClientContext = createContext<SocketClient | undefined>(undefined);

export interface GatewayProviderProps {
  /** Of `connect()`. Whoever makes it closes it. */
  readonly client: SocketClient;
  readonly children?: ReactNode;
}

/** Gives the hooks below it their client. */
export function GatewayProvider({ client, children }: GatewayProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

export function useClient(): SocketClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('There is no <GatewayProvider> above this component');
  return client;
}
