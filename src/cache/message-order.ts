import type { MarketMessage } from '../feed/market-message.js';

/**
 * Orders the messages of one stream: the prices of a product, or the chains of a product and
 * expiry. Messages are ordered by `timestamp`, then by `processed_at`, then by their JSON text. The
 * order depends only on the messages, so that every replica and the store agree on the newest
 * message, whatever order they receive them in.
 * @returns more than 0 if `a` is newer, less than 0 if `b` is newer, 0 if they are the same message
 */
export function compareMessages(a: MarketMessage, b: MarketMessage): number {
  return a.time - b.time || a.processedTime - b.processedTime || compareText(a.payload.text, b.payload.text);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a > b ? 1 : -1;
}
