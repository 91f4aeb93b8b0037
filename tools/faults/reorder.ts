import type { FeedMessage, Stage } from '../simulator/feed-message.js';
import type { Random } from '../simulator/random.js';

/** The number of streams of which a message can be held back. */
const MAX_STREAMS = 10_000;

/**
 * Holds back a share of the messages until the next one of the same stream (a product's prices, or
 * one chain) has overtaken it.
 */
export function reorder(share: number, random: Random): Stage {
  return async function* (messages) {
    const held = new Map<string, FeedMessage>();
    let lastAt = 0;
    for await (const message of messages) {
      lastAt = message.at;
      const stream = message.latest?.key;
      const overtaken = stream === undefined ? undefined : held.get(stream);
      if (stream !== undefined && overtaken) {
        held.delete(stream);
        yield message;
        yield { ...overtaken, at: message.at };
      } else if (stream !== undefined && held.size < MAX_STREAMS && random.next() < share) {
        held.set(stream, message);
      } else {
        yield message;
      }
    }
    // Nothing overtakes these any more.
    for (const message of held.values()) yield { ...message, at: lastAt };
  };
}
