import type { LatestStore } from '../cache/latest-store.js';
import type { AdapterClass } from '../fanout/socket-server.js';
import type { FeedSource } from '../feed/feed-source.js';

/** The outside the gateway runs on: Redis in production, this process itself on a machine that has none. */
export interface Ports {
  readonly feed: FeedSource;
  readonly store: LatestStore;
  /** The Socket.IO adapter that carries calls to other replicas, where there are any. */
  readonly adapter: AdapterClass;
  /** Closes every connection. To be called after the application has closed; never rejects. */
  close(): Promise<void>;
}
