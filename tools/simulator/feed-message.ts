import type { StoreEntry } from '../../src/cache/latest-store.js';
import type { FeedPublisher } from '../../src/feed/memory-feed.js';

/** A message on its way from a source (a simulation or a recording) to the publisher. */
export interface FeedMessage {
  /** When it is due, ms since the feed began. Never less than in the message before. */
  readonly at: number;
  readonly channel: string;
  /** The string to publish. */
  readonly data: string;
  /** The product, or undefined if the message is not one of the platform's worker. */
  readonly product?: string;
  /** The entry that the worker writes to `latest:*`. Its key also names the message's stream. */
  readonly latest?: StoreEntry;
}

/** A step between source and publisher, such as a fault. It yields what the next step gets. */
export type Stage = (messages: AsyncIterable<FeedMessage>) => AsyncIterable<FeedMessage>;

/**
 * Publishes messages as their source yields them, and waits for a slow publisher.
 * @param remember writes an entry of `latest:*`. It is called before its message is published, so
 * that a client that reads the entry after a message finds that message or a newer one.
 * @returns how many messages were published.
 */
export async function publishFeed(
  messages: AsyncIterable<FeedMessage>,
  publisher: FeedPublisher,
  remember?: (entry: StoreEntry) => void,
): Promise<number> {
  let count = 0;
  for await (const { channel, data, latest } of messages) {
    if (latest) remember?.(latest);
    await publisher.publish(channel, data);
    count++;
  }
  return count;
}
