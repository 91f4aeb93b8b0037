import type { RevocationPorts } from '../auth/revocation-store.js';
import type { LatestStore } from '../cache/latest-store.js';
import type { AdapterFactory } from '../transports/socket-io/socket-server.js';
import type { FeedSource } from '../feed/feed-source.js';
import type { ConnectionCounts } from '../limits/connection-counts.js';
import type { HandshakeQuota } from '../admission/handshake-quota.js';
import type { FaultSource } from '../redis/fault-source.js';

/** The outside the gateway runs on: Redis in production, this process itself on a machine that has none. */
export interface Ports {
  readonly feed: FeedSource;
  readonly store: LatestStore;
  readonly adapter: AdapterFactory;
  readonly faults: FaultSource;
  /** `null` if the gateway does not authenticate clients. */
  readonly revocations: RevocationPorts | null;
  readonly connectionCounts: ConnectionCounts;
  readonly handshakeQuota: HandshakeQuota;
  /** Closes every connection. To be called after the application has closed; never rejects. */
  close(): Promise<void>;
}
