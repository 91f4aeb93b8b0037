import type { FeedMessage, Stage } from '../simulator/feed-message.js';
import type { Random } from '../simulator/random.js';

/** A message that is delivered again after so many further messages of its stream. */
interface Redelivery {
  readonly message: FeedMessage;
  left: number;
}

/** The most messages of a stream between a message and its second delivery. */
const MAX_LATER = 5;
/** The number of streams of which messages are redelivered. */
const MAX_STREAMS = 10_000;

/**
 * Delivers a share of the messages a second time: at once, or after up to five further messages of
 * the same stream.
 */
export function redeliver(share: number, random: Random): Stage {
  return async function* (messages) {
    const pending = new Map<string, Redelivery[]>();
    for await (const message of messages) {
      yield message;
      const stream = message.latest?.key;
      if (stream === undefined) continue;
      const waiting = pending.get(stream) ?? [];
      for (const redelivery of waiting) redelivery.left--;
      if (random.next() < share) waiting.push({ message, left: random.integer(0, MAX_LATER) });
      for (const { message: again, left } of waiting) if (left === 0) yield { ...again, at: message.at };
      const still = waiting.filter(({ left }) => left > 0);
      if (still.length === 0) pending.delete(stream);
      else if (pending.has(stream) || pending.size < MAX_STREAMS) pending.set(stream, still);
    }
  };
}
