'use client';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import type {
  ChainUpdate,
  ConnectionState,
  SocketClient,
  SubscriptionError,
  UnderlyingUpdate,
} from '../index.js';
import { useClient } from './provider.js';
import { EMPTY, Watch } from './watch.js';

export interface ProductView {
  readonly update: UnderlyingUpdate | undefined;
  /** Whether the price cannot be relied on. True until there is one. */
  readonly stale: boolean;
  /** The reason for which the gateway rejected the subscription. */
  readonly error: SubscriptionError | undefined;
}

export interface ChainView {
  /** The chain of the requested expiry, or the nearest one. */
  readonly chain: ChainUpdate | undefined;
  /** The chains by expiry, nearest first. */
  readonly chains: ReadonlyMap<string, ChainUpdate>;
  readonly stale: boolean;
  readonly error: SubscriptionError | undefined;
}

/**
 * A product's newest price, subscribed to while the component is mounted. With `undefined` there is
 * no subscription.
 */
export function useProduct(symbol: string | undefined): ProductView {
  const client = useClient();
  const watch = useMemo(
    () => new Watch(client, symbol === undefined ? undefined : { type: 'product' as const, symbol }),
    [client, symbol],
  );
  return useSyncExternalStore(watch.subscribe, watch.current, () => EMPTY);
}

/**
 * A product's option chains, or the one of `expiry`, subscribed to while the component is mounted.
 */
export function useChain(symbol: string | undefined, expiry?: string): ChainView {
  const client = useClient();
  const watch = useMemo(
    () =>
      new Watch(
        client,
        symbol === undefined
          ? undefined
          : { type: 'chain' as const, symbol, ...(expiry === undefined ? {} : { expiry }) },
      ),
    [client, symbol, expiry],
  );
  const view = useSyncExternalStore(watch.subscribe, watch.current, () => EMPTY);
  return useMemo(() => {
    const { byExpiry: chains, update, stale, error } = view;
    const [nearest] = chains.values();
    return { chain: nearest ?? update, chains, stale, error };
  }, [view]);
}

/** The state of the connection, and the client for everything that the other hooks do not cover. */
export function useConnection(): { readonly state: ConnectionState; readonly client: SocketClient } {
  const client = useClient();
  const subscribe = useCallback((changed: () => void) => client.on('state', changed), [client]);
  const state = useSyncExternalStore(
    subscribe,
    () => client.state,
    () => 'connecting' as const,
  );
  return useMemo(() => ({ state, client }), [state, client]);
}
