import type { FeedListener, FeedSource, FeedStatus } from './feed-source.js';
import type { RedisSubscription } from './redis-subscription.js';

/** The feed over a Redis connection of its own. Its channels stay the same. */
export class RedisFeed implements FeedSource {
  /** @param subscription a subscription without channels. The feed owns it: `stop` ends it. */
  constructor(private readonly subscription: RedisSubscription) {}

  get status(): FeedStatus {
    return this.subscription.status;
  }

  start(channels: readonly string[], listener: FeedListener): void {
    this.subscription.add(channels);
    this.subscription.start({
      message: (channel, data) => listener.message(channel, data),
      up: () => listener.up(),
      down: () => listener.down(channels),
    });
  }

  stop(): Promise<void> {
    return this.subscription.stop();
  }
}
