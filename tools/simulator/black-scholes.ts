/** Prices and greeks of one strike's call and put, without interest or dividends. */
export interface StrikeValue {
  readonly call: number;
  readonly put: number;
  /** The delta of the call. The put's is one less. */
  readonly delta: number;
  readonly gamma: number;
  /** For one point (0.01) of volatility. */
  readonly vega: number;
  /** For one day. Never positive. */
  readonly theta: number;
}

/** `iv` is annual, as a fraction. `years` is above zero. */
export function valueStrike(spot: number, strike: number, iv: number, years: number): StrikeValue {
  const rootTime = Math.sqrt(years);
  const spread = iv * rootTime;
  const d1 = Math.log(spot / strike) / spread + spread / 2;
  const delta = normalCdf(d1);
  const call = Math.max(0, spot * delta - strike * normalCdf(d1 - spread));
  const density = Math.exp((-d1 * d1) / 2) / Math.sqrt(2 * Math.PI);
  return {
    call,
    put: Math.max(0, call - spot + strike),
    delta,
    gamma: density / (spot * spread),
    vega: spot * rootTime * density * 0.01,
    theta: -(spot * iv * density) / (2 * rootTime) / 365,
  };
}

/**
 * The standard normal distribution (Abramowitz and Stegun 26.2.17), to seven digits, which is
 * enough for prices in cents.
 */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    ((((1.330274429 * t - 1.821255978) * t + 1.781477937) * t - 0.356563782) * t + 0.31938153) *
    t *
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI));
  return x >= 0 ? 1 - tail : tail;
}
