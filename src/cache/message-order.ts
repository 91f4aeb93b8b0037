import type { MarketMessage } from '../feed/market-message.js';

/**
 * The one order of a stream's messages (of one product's prices, or of one product and expiry), decided by the messages
 * themselves, so that every replica, its memory and the store come to the same newest message in whatever order they see them:
 * by `timestamp`; between equal ones by `processed_at`; between those that are equal in both by their JSON text.
 * @returns more than 0 where `a` is newer, less than 0 where `b` is, and 0 where they are the same message
 */
export function compareMessages(a: MarketMessage, b: MarketMessage): number {
  return a.time - b.time || a.processedTime - b.processedTime || compareText(a.payload.text, b.payload.text);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a > b ? 1 : -1;
}
