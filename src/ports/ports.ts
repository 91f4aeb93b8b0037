import type { LatestStore } from '../cache/latest-store.js';
import type { AdapterFactory } from '../fanout/socket-server.js';
import type { FeedSource } from '../feed/feed-source.js';

/** The outside the gateway runs on: Redis in production, this process itself on a machine that has none. */
export interface Ports {
  readonly feed: FeedSource;
  readonly store: LatestStore;
  /** What carries calls to other replicas; undefined for a process on its own. */
  readonly adapter: AdapterFactory | undefined;
  /** Closes every connection. To be called after the application has closed; never rejects. */
  close(): Promise<void>;
}
