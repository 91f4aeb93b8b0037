import type { FeedMessage } from './feed-message.js';
import { describeMessage } from './latest-entry.js';
import { pythonTimestamp } from './python-format.js';

/** For specs: the time of a message with `at` 0, in microseconds since the epoch. */
export const FAKE_START = Date.UTC(2026, 10, 22) * 1000;

/** A price, made at its time `at`, in ms since the feed began. */
export function fakePrice(product: string, at: number): FeedMessage {
  const time = pythonTimestamp(FAKE_START + at * 1000);
  const data = JSON.stringify({ product, price: at, timestamp: time, processed_at: time });
  const channel = 'enriched:underlying';
  return { at, channel, data, ...describeMessage(channel, data) };
}

/** A price of each product every `stepMs`. */
export function fakePrices(products: readonly string[], count: number, stepMs: number): FeedMessage[] {
  return Array.from({ length: count }, (_, i) =>
    products.map((product) => fakePrice(product, i * stepMs)),
  ).flat();
}

export async function* feedOf<T>(items: readonly T[]): AsyncGenerator<T> {
  await Promise.resolve();
  yield* items;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
