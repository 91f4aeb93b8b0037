/** The state of the feed, for health, readiness and logs. */
export interface FeedStatus {
  /** True while the subscription to every channel is confirmed. */
  readonly up: boolean;
  /**
   * True while the source does not answer, although its connection is open. It is either slow, or
   * will soon be found lost.
   */
  readonly silent?: boolean;
  /** Why it is not up, in words that an operator can act on. Never contains a password. */
  readonly reason?: string;
}

export interface FeedListener {
  /** Called with each message. `data` is the published string, unchanged. */
  message(channel: string, data: string): void;
  /**
   * Called when the subscription works, at first or after an outage that may have lost messages.
   * The first messages may come before it.
   */
  up(): void;
  /**
   * Called when a subscription that worked or has delivered a message is lost. Messages of its
   * `channels` may be missed from now on. A subscription always passes the same array.
   */
  down(channels: readonly string[]): void;
}

/**
 * Port: the source of enriched messages. {@link RedisFeed} and {@link MemoryFeed} implement it, and
 * one contract suite (`test/e2e/feed/feed-source.e2e-spec.ts`) tests both.
 */
export interface FeedSource {
  readonly status: FeedStatus;
  /**
   * Subscribes to `channels` and passes every message to `listener`, in the order of publication.
   * Returns at once. While the source cannot be reached, it retries for ever and reports the reason
   * in `status`. Call it once.
   */
  start(channels: readonly string[], listener: FeedListener): void;
  /** Stops for good. The listener receives no message after this resolves. */
  stop(): Promise<void>;
}

/** Nest token of the {@link FeedSource}. */
export const FEED_SOURCE = Symbol('FEED_SOURCE');
