import type { FeedListener, FeedSource, FeedStatus } from './feed-source.js';

/** Where a simulator or a test publishes, as a producer does on Redis. */
export interface FeedPublisher {
  publish(channel: string, data: string): Promise<void> | void;
}

/** In-process pub/sub: stands in for Redis on a machine that has none (`npm run demo`) and in tests. */
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

  /** Delivers in the same turn, to this process alone. */
  publish(channel: string, data: string): void {
    if (this.channels.has(channel)) this.listener?.message(channel, data);
  }

  stop(): Promise<void> {
    this.listener = undefined;
    return Promise.resolve();
  }
}
