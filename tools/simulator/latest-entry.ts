import type { StoreEntry } from '../../src/cache/latest-store.js';
import { isExpiry, isSymbol } from '../../src/contract/symbol.js';
import { FeedChannel } from '../../src/feed/channels.js';
import { chainKey, underlyingKey } from '../../src/feed/market-message.js';
import { pythonJsonWriter } from './python-format.js';

const pythonJson = pythonJsonWriter(new Set(['price']));

/** What the platform's worker would keep of a published message under `latest:*`; nothing of one it did not make. */
export function latestEntryOf(channel: string, data: string): StoreEntry | undefined {
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
    return isExpiry(expiry) ? { key: chainKey(product, expiry), value: data } : undefined;
  }
  const price: unknown = Reflect.get(message, 'price');
  const timestamp: unknown = Reflect.get(message, 'timestamp');
  if (channel !== FeedChannel.underlying || typeof price !== 'number' || typeof timestamp !== 'string')
    return undefined;
  return underlyingEntry(product, price, timestamp);
}

/** The worker keeps of a price no more than this. */
export function underlyingEntry(product: string, price: number, timestamp: string): StoreEntry {
  return { key: underlyingKey(product), value: pythonJson({ price, timestamp }) };
}
