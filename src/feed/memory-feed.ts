import type { FeedListener, FeedSource, FeedStatus } from './feed-source.js';

/** What a simulator or a test publishes to, as a producer does to Redis. */
export interface FeedPublisher {
  publish(channel: string, data: string): Promise<void> | void;
}

/**
 * In-process pub/sub. It replaces Redis in tests, and in `npm run demo` on a machine without Redis.
 */
export class MemoryFeed implements FeedSource, FeedPublisher {
  private channels: ReadonlySet<string> = new Set();
  private listener: FeedListener | undefined;

  get status(): FeedStatus {
    return this.listener ? { up: true } : { up: false, reason: 'not started' };
  }

  start(channels: readonly string[], listener: FeedListener): void {
    this.channels = new Set(channels);
    this.listener = listener;
    listener.up();
  }

  /** Delivers a message in the same turn, only within this process. */
  publish(channel: string, data: string): void {
    if (this.channels.has(channel)) this.listener?.message(channel, data);
  }

  stop(): Promise<void> {
    this.listener = undefined;
    return Promise.resolve();
  }
}
