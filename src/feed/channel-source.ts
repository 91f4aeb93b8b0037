import type { FeedStatus } from './feed-source.js';

export interface ChannelListener {
  /** Called with each message. `data` is the published string, unchanged. */
  message(channel: string, data: string): void;
  /**
   * Called when the subscriptions to these channels work, at first or after an outage that may have
   * lost messages. The first messages may come before it.
   */
  up(channels: readonly string[]): void;
  /**
   * Called when the subscriptions to these channels are lost, which worked or have delivered a
   * message. Messages of them may be missed until `up` is called for them.
   */
  down(channels: readonly string[]): void;
}

/** Port: subscriptions to channels that come and go, such as those of users. */
export interface ChannelSource {
  /** Whether all channels that were added are subscribed to. */
  readonly status: FeedStatus;
  /** Passes messages to `listener` from now on, those of each channel in order. Call it once. */
  start(listener: ChannelListener): void;
  /**
   * Subscribes to channels, in addition to the earlier ones. Returns at once. While the source
   * cannot be reached, it retries for ever and reports the reason in `status`.
   */
  add(channels: readonly string[]): void;
  /** Ends the subscription to a channel. The listener receives no message of it from now on. */
  remove(channel: string): void;
  /** Stops for good. The listener receives no message after this resolves. */
  stop(): Promise<void>;
}
