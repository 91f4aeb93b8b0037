import type { ChainSummary, ChainUpdate, JsonPayload, UnderlyingUpdate } from '../contract/index.js';

/** A checked message of the feed: past this point its types are true. */
export type MarketMessage = UnderlyingMessage | ChainMessage;

interface MessageBase {
  readonly product: string;
  /** What it is the newest of, one per product and one per (product, expiry): its key in Redis. Also its payloads' key. */
  readonly key: string;
  /** The payload's `timestamp` in microseconds since the epoch; orders the messages of a key. */
  readonly time: number;
  /** The payload's `processed_at`, else its `timestamp`, in microseconds since the epoch. */
  readonly processedTime: number;
}

export interface UnderlyingMessage extends MessageBase {
  readonly kind: 'underlying';
  readonly price: number;
  readonly payload: JsonPayload<UnderlyingUpdate>;
}

export interface ChainMessage extends MessageBase {
  readonly kind: 'chain';
  /** YYYY-MM-DD */
  readonly expiry: string;
  readonly payload: JsonPayload<ChainUpdate>;
  readonly summary: ChainSummary;
  /** What was taken out so that the rest could be sent on; left out if nothing was. */
  readonly repairs?: readonly Repair[];
}

/** Bad values that were taken out of a chain. */
export interface Repair {
  /** The field, as the producer named it: not from a bounded set. */
  readonly field: string;
  /** `nulled`: null was put in its place. `left_out`: an option of that side was left out. */
  readonly action: 'nulled' | 'left_out';
  readonly count: number;
}

export const UNDERLYING_KEY_PREFIX = 'latest:underlying:';
export const CHAIN_KEY_PREFIX = 'latest:chain:';

export function underlyingKey(product: string): string {
  return UNDERLYING_KEY_PREFIX + product;
}

/** Without an expiry: the key under which the Flask gateway kept a product's last chain of any expiry. */
export function chainKey(product: string, expiry?: string): string {
  return expiry === undefined ? CHAIN_KEY_PREFIX + product : `${CHAIN_KEY_PREFIX}${product}:${expiry}`;
}
