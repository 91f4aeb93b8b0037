/** Whether the feed flows, for health, readiness and logs. */
export interface FeedStatus {
  /** True while the subscription to every channel is confirmed. */
  readonly up: boolean;
  /** Why it is not up, in words an operator can act on; never holds a password. */
  readonly reason?: string;
}

export interface FeedListener {
  /** A message. `data` is the published string, untouched. */
  message(channel: string, data: string): void;
  /** The subscription was confirmed, for the first time or after an outage in which messages were missed. */
  up(): void;
  /** It was lost after having been up: from here to the next `up`, messages may be missed. */
  down(): void;
}

/**
 * Port: where enriched messages come from. Implemented by {@link RedisFeed} and {@link MemoryFeed}; one contract suite
 * (`test/e2e/feed/feed-source.e2e-spec.ts`) runs on both.
 */
export interface FeedSource {
  readonly status: FeedStatus;
  /**
   * Subscribes to `channels` and hands every message to `listener`, in the order published. Returns at once; when the
   * source cannot be reached it keeps trying for ever and says so in `status`. Call once.
   */
  start(channels: readonly string[], listener: FeedListener): void;
  /** Stops for good; no message is handed over after it resolves. */
  stop(): Promise<void>;
}

/** Nest token of the {@link FeedSource}. */
export const FEED_SOURCE = Symbol('FEED_SOURCE');
