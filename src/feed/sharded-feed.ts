import type { FeedListener, FeedSource, FeedStatus } from './feed-source.js';

/**
 * The feed over sharded pub/sub. Each channel belongs to the node that owns its slot, so each
 * channel has its own connection. The feed is up when all of them are.
 */
export class ShardedFeed implements FeedSource {
  private readonly feeds = new Map<string, FeedSource>();
  private stopped = false;

  /** @param feedOf creates the feed of one channel */
  constructor(private readonly feedOf: (channel: string) => FeedSource) {}

  get status(): FeedStatus {
    if (this.stopped) return { up: false, reason: 'stopped' };
    for (const [channel, { status }] of this.feeds) {
      if (!status.up) return { up: false, reason: `${channel}: ${status.reason}` };
    }
    if (this.feeds.size === 0) return { up: false, reason: 'not connected yet' };
    return [...this.feeds.values()].some(({ status }) => status.silent)
      ? { up: true, silent: true }
      : { up: true };
  }

  start(channels: readonly string[], listener: FeedListener): void {
    for (const channel of channels) this.feeds.set(channel, this.feedOf(channel));
    for (const [channel, feed] of this.feeds) {
      feed.start([channel], {
        message: (from, data) => listener.message(from, data),
        down: (lost) => listener.down(lost),
        // If another connection is still down, `up` is called once that one is up as well.
        up: () => {
          if (this.status.up) listener.up();
        },
      });
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const feed of this.feeds.values()) await feed.stop();
  }
}
