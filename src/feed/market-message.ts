import type { ChainSummary, ChainUpdate, UnderlyingUpdate } from '../contract/index.js';

/** A checked message of the feed: past this point its types are true. */
export type MarketMessage = UnderlyingMessage | ChainMessage;

interface MessageBase {
  readonly product: string;
  /** The payload's `timestamp` in microseconds since the epoch; orders the messages of a key. */
  readonly time: number;
  /** Length of the JSON text it came from, in characters: what it weighs in memory. */
  readonly size: number;
}

export interface UnderlyingMessage extends MessageBase {
  readonly kind: 'underlying';
  readonly payload: UnderlyingUpdate;
}

export interface ChainMessage extends MessageBase {
  readonly kind: 'chain';
  /** YYYY-MM-DD */
  readonly expiry: string;
  readonly payload: ChainUpdate;
}

/** What a message is the newest of: one per product, and one per (product, expiry). Also its key in Redis. */
export function latestKey(message: MarketMessage): string {
  return message.kind === 'underlying'
    ? underlyingKey(message.product)
    : chainKey(message.product, message.expiry);
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

export function summaryOf(chain: ChainUpdate): ChainSummary {
  return {
    product: chain.product,
    expiry: chain.expiry,
    spot_price: chain.spot_price,
    pcr_oi: chain.pcr_oi,
    pcr_volume: chain.pcr_volume,
    max_pain_strike: chain.max_pain_strike,
    atm_straddle_price: chain.atm_straddle_price,
    timestamp: chain.timestamp,
  };
}
