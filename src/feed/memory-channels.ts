import type { ChannelListener, ChannelSource } from './channel-source.js';
import type { FeedPublisher } from './memory-feed.js';

const UP = { up: true } as const;

/** In-process pub/sub with channels that come and go. */
export class MemoryChannels implements ChannelSource, FeedPublisher {
  readonly status = UP;
  private readonly channels = new Set<string>();
  private listener: ChannelListener | undefined;

  start(listener: ChannelListener): void {
    this.listener = listener;
    if (this.channels.size > 0) listener.up([...this.channels]);
  }

  add(channels: readonly string[]): void {
    const added = channels.filter((channel) => !this.channels.has(channel));
    for (const channel of added) this.channels.add(channel);
    if (added.length > 0) this.listener?.up(added);
  }

  has(channel: string): boolean {
    return this.channels.has(channel);
  }

  remove(channel: string): void {
    this.channels.delete(channel);
  }

  /** Delivers a message in the same turn, only within this process. */
  publish(channel: string, data: string): void {
    if (this.channels.has(channel)) this.listener?.message(channel, data);
  }

  stop(): Promise<void> {
    this.listener = undefined;
    this.channels.clear();
    return Promise.resolve();
  }
}
