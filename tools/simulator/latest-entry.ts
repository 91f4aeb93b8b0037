import type { StoreEntry } from '../../src/cache/latest-store.js';
import { isExpiry, isSymbol } from '../../src/contract/symbol.js';
import { FeedChannel } from '../../src/feed/channels.js';
import { chainKey, underlyingKey } from '../../src/feed/market-message.js';
import type { FeedMessage } from './feed-message.js';
import { pythonJsonWriter } from './python-format.js';

const pythonJson = pythonJsonWriter(new Set(['price']));

/**
 * The product of a message, and the entry that the platform's worker would write to `latest:*` for
 * it. None if the worker would not publish it.
 */
export function describeMessage(
  channel: string,
  data: string,
): Pick<FeedMessage, 'product' | 'latest'> | undefined {
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const product: unknown = Reflect.get(message, 'product');
  if (!isSymbol(product)) return undefined;
  if (channel === FeedChannel.optionChain) {
    const expiry: unknown = Reflect.get(message, 'expiry');
    return isExpiry(expiry)
      ? { product, latest: { key: chainKey(product, expiry), value: data } }
      : undefined;
  }
  const price: unknown = Reflect.get(message, 'price');
  const timestamp: unknown = Reflect.get(message, 'timestamp');
  if (channel !== FeedChannel.underlying || typeof price !== 'number' || typeof timestamp !== 'string')
    return undefined;
  return { product, latest: underlyingEntry(product, price, timestamp) };
}

/** The worker stores only these fields of a price. */
export function underlyingEntry(product: string, price: number, timestamp: string): StoreEntry {
  return { key: underlyingKey(product), value: pythonJson({ price, timestamp }) };
}
