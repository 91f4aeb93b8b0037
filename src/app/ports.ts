import type { RevocationPorts } from '../auth/revocation-store.js';
import type { LatestStore } from '../cache/latest-store.js';
import type { AdapterFactory } from '../transports/socket-io/socket-server.js';
import type { HistoryStore } from '../history/history-store.js';
import type { FeedSource } from '../feed/feed-source.js';
import type { PortfolioPort } from '../portfolio/portfolio-port.js';
import type { ConnectionCounts } from '../limits/connection-counts.js';
import type { HandshakeQuota } from '../admission/handshake-quota.js';
import type { FaultSource } from '../redis/fault-source.js';

/**
 * The external services that the gateway runs on: Redis in production, or replacements in memory.
 */
export interface Ports {
  readonly feed: FeedSource;
  readonly store: LatestStore;
  readonly history: HistoryStore;
  readonly adapter: AdapterFactory;
  readonly faults: FaultSource;
  /** `null` if the gateway does not authenticate clients. */
  readonly revocations: RevocationPorts | null;
  readonly portfolios: PortfolioPort;
  readonly connectionCounts: ConnectionCounts;
  readonly handshakeQuota: HandshakeQuota;
  /** Closes every connection. Call it after the application has closed. Never rejects. */
  close(): Promise<void>;
}
