import type { ChainSummary, ChainUpdate, JsonPayload, UnderlyingUpdate } from '../contract/index.js';

/** A validated message of the feed: its fields have the declared types. */
export type MarketMessage = UnderlyingMessage | ChainMessage;

interface MessageBase {
  readonly product: string;
  /**
   * Identifies the message's stream: one per product, and one per (product, expiry). It is the key
   * in Redis, and the key of the payload.
   */
  readonly key: string;
  /** The payload's `timestamp` in microseconds since the epoch. It orders the messages of a key. */
  readonly time: number;
  /** The payload's `processed_at`, or its `timestamp` if it has none, in µs since the epoch. */
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
  readonly totals: ChainTotals;
  /** The bad values that were removed; undefined if the message had none. */
  readonly repairs?: readonly Repair[];
}

/** Numbers of a whole chain that are not part of its summary; `null` if the platform sends none. */
export interface ChainTotals {
  readonly atm_strike: number | null;
  readonly total_call_oi: number | null;
  readonly total_put_oi: number | null;
}

/** Bad values of one field that were removed from a chain. */
export interface Repair {
  /**
   * The name that the producer gave the field. It can be any name, so it must not label a metric.
   */
  readonly field: string;
  /** `nulled`: the value was replaced with null. `left_out`: an option of that side was removed. */
  readonly action: 'nulled' | 'left_out';
  readonly count: number;
}

export const UNDERLYING_KEY_PREFIX = 'latest:underlying:';
export const CHAIN_KEY_PREFIX = 'latest:chain:';

export function underlyingKey(product: string): string {
  return UNDERLYING_KEY_PREFIX + product;
}

/**
 * The key of a product's chain in Redis. Without an expiry, it is the key under which the Flask
 * gateway stored the product's last chain of any expiry.
 */
export function chainKey(product: string, expiry?: string): string {
  return expiry === undefined ? CHAIN_KEY_PREFIX + product : `${CHAIN_KEY_PREFIX}${product}:${expiry}`;
}
