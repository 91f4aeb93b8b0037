/** Messages as the platform's worker publishes them. */

const BASE = Date.UTC(2026, 10, 22, 4, 43, 39);

/**
 * A UTC time without an offset and with microseconds, like Python's isoformat. It increases with
 * `n`, by 1,000 microseconds each.
 */
export function timestampOf(n: number): string {
  return new Date(BASE + n).toISOString().replace('Z', '') + '000';
}

export interface PublishedUnderlying {
  type?: string;
  product: string;
  price: number;
  timestamp: string;
  processed_at: string;
}

/** The `n`-th price of a product: its number is its price. */
export function underlying(product: string, n: number): PublishedUnderlying {
  const timestamp = timestampOf(n);
  return { type: 'UNDERLYING_ENRICHED', product, price: n, timestamp, processed_at: timestamp };
}

const leg = (product: string, expiry: string, option_type: 'CALL' | 'PUT', strike: number) => ({
  symbol: `${product}${expiry.replaceAll('-', '')}${option_type[0]}${strike}`,
  product,
  strike,
  expiry,
  option_type,
  bid: 708.16,
  ask: 723.7,
  last: 715.93,
  volume: 5252,
  open_interest: 20859,
  delta: option_type === 'CALL' ? 0.8 : -0.8,
  gamma: 0.005,
  vega: 19.4939,
  theta: -238.6448,
  iv: 0.2293,
  timestamp: '2026-11-22T04:43:39.340379',
});

export const EXPIRY = '2026-11-26';

/** The `n`-th chain of a product and expiry: its number is its spot price. */
export function chain(product: string, n: number, expiry = EXPIRY) {
  const timestamp = timestampOf(n);
  return {
    product,
    expiry,
    spot_price: n,
    pcr_oi: 0.9464,
    pcr_volume: 1.0259,
    atm_strike: 21500,
    atm_straddle_price: 449.33,
    max_pain_strike: 21400,
    total_call_oi: 1146062,
    total_put_oi: 1084590,
    call_buildup_otm: 489448,
    put_buildup_otm: 635560,
    calls: [21450, 21500].map((strike) => leg(product, expiry, 'CALL', strike)),
    puts: [21500, 21550].map((strike) => leg(product, expiry, 'PUT', strike)),
    timestamp,
    processed_at: timestamp,
  };
}

/** The number of an update of either kind. */
export function numberOf(update: { readonly price?: unknown; readonly spot_price?: unknown }): unknown {
  return update.price ?? update.spot_price;
}

export const STRIKES = [21450, 21500, 21550];

/** The `n`-th chain in the form in which the gateway sends it. */
export function chainUpdate(product: string, n: number, expiry = EXPIRY) {
  return { ...chain(product, n, expiry), strikes: STRIKES };
}

export function summary(product: string, n: number, expiry = EXPIRY) {
  const { spot_price, pcr_oi, pcr_volume, max_pain_strike, atm_straddle_price, timestamp } = chain(
    product,
    n,
    expiry,
  );
  return { product, expiry, spot_price, pcr_oi, pcr_volume, max_pain_strike, atm_straddle_price, timestamp };
}
