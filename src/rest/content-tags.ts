import { createHash } from 'node:crypto';
import type { MarketMessage } from '../feed/market-message.js';

/** The characters of a tag: 96 bits of a hash. */
const LENGTH = 16;

/** The hash of each published text, which is computed once. */
const hashes = new WeakMap<MarketMessage, string>();

/**
 * Returns the tag of an update: its time, and a hash of its text. It is the same on every replica,
 * so that a client may ask another one with it.
 */
export function tagOf(message: MarketMessage): string {
  let tag = hashes.get(message);
  if (tag === undefined) {
    tag = `${message.time.toString(36)}-${hash(message.payload.text)}`;
    hashes.set(message, tag);
  }
  return tag;
}

/**
 * Returns the entity tag of a response. It is weak, because the plain and the compressed form of a
 * body share it.
 * @param parts what the body is made of
 */
export function entityTag(parts: readonly string[]): string {
  return `W/"${hash(parts.join('\n'))}"`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, LENGTH);
}
