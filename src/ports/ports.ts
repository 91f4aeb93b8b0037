import type { RevocationPorts } from '../auth/revocation-store.js';
import type { LatestStore } from '../cache/latest-store.js';
import type { AdapterClass } from '../fanout/socket-server.js';
import type { FeedSource } from '../feed/feed-source.js';
import type { ConnectionCounts } from '../limits/connection-counts.js';
import type { HandshakeQuota } from '../limits/handshake-quota.js';

/** The faults of the outside. */
export interface FaultSource {
  /** Has `counted` told of every fault, those so far included; by connection and kind, both bounded. */
  listen(counted: (connection: string, kind: string) => void): void;
  /** Why a connection does not do its work now, in words; undefined while it does. */
  problem(connection: string): string | undefined;
}

/** Nest token of the {@link FaultSource}. */
export const FAULT_SOURCE = Symbol('FAULT_SOURCE');

/** The outside the gateway runs on: Redis in production, this process itself on a machine that has none. */
export interface Ports {
  readonly feed: FeedSource;
  readonly store: LatestStore;
  /**
   * Makes the Socket.IO adapter that carries calls to other replicas, where there are any. `dropped` is called for each message
   * that it did not use, by reason.
   */
  readonly adapter: (dropped: (reason: string) => void) => AdapterClass;
  readonly faults: FaultSource;
  /** `null` where nobody is authenticated. */
  readonly revocations: RevocationPorts | null;
  readonly connectionCounts: ConnectionCounts;
  readonly handshakeQuota: HandshakeQuota;
  /** Closes every connection. To be called after the application has closed; never rejects. */
  close(): Promise<void>;
}
