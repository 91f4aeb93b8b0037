import type { FeedListener, FeedSource, FeedStatus } from './feed-source.js';

/**
 * The feed over sharded pub/sub: each channel belongs to the node that owns its slot, so each has a connection of its own.
 * Up when all are.
 */
export class ShardedFeed implements FeedSource {
  private readonly feeds = new Map<string, FeedSource>();
  private stopped = false;

  /** @param feedOf makes the feed of one channel */
  constructor(private readonly feedOf: (channel: string) => FeedSource) {}

  get status(): FeedStatus {
    if (this.stopped) return { up: false, reason: 'stopped' };
    for (const [channel, { status }] of this.feeds) {
      if (!status.up) return { up: false, reason: `${channel}: ${status.reason}` };
    }
    return this.feeds.size > 0 ? { up: true } : { up: false, reason: 'not connected yet' };
  }

  start(channels: readonly string[], listener: FeedListener): void {
    for (const channel of channels) this.feeds.set(channel, this.feedOf(channel));
    for (const [channel, feed] of this.feeds) {
      feed.start([channel], {
        message: (from, data) => listener.message(from, data),
        down: () => listener.down(),
        // One that comes back while another is still away is brought up to date with it.
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
