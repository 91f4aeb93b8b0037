/** The properties of a product that the simulator needs. */
export interface Instrument {
  readonly startPrice: number;
  /** The distance between two strikes. */
  readonly strikeStep: number;
  /**
   * The standard deviation of the log return over one second. Far above a real market's, so that a
   * page looks alive.
   */
  readonly volatility: number;
  /** The annual at-the-money implied volatility, as a fraction. */
  readonly impliedVolatility: number;
}

/**
 * The platform's products in the order of its feed. Steps and movement are taken from the
 * recording.
 */
const INSTRUMENTS: ReadonlyMap<string, Instrument> = new Map([
  ['NIFTY', { startPrice: 21_500, strikeStep: 50, volatility: 0.00022, impliedVolatility: 0.16 }],
  ['BANKNIFTY', { startPrice: 45_000, strikeStep: 100, volatility: 0.00026, impliedVolatility: 0.18 }],
  ['FINNIFTY', { startPrice: 19_500, strikeStep: 100, volatility: 0.00025, impliedVolatility: 0.17 }],
  ['SENSEX', { startPrice: 71_000, strikeStep: 100, volatility: 0.00022, impliedVolatility: 0.16 }],
  ['AAPL', { startPrice: 185, strikeStep: 5, volatility: 0.0005, impliedVolatility: 0.25 }],
  ['TSLA', { startPrice: 245, strikeStep: 5, volatility: 0.0005, impliedVolatility: 0.33 }],
  ['SPY', { startPrice: 475, strikeStep: 5, volatility: 0.0005, impliedVolatility: 0.2 }],
  ['QQQ', { startPrice: 395, strikeStep: 5, volatility: 0.0005, impliedVolatility: 0.22 }],
]);

const ANY_OTHER: Instrument = {
  startPrice: 1000,
  strikeStep: 10,
  volatility: 0.0004,
  impliedVolatility: 0.25,
};

export const DEFAULT_PRODUCTS: readonly string[] = [...INSTRUMENTS.keys()];

export function instrumentOf(product: string): Instrument {
  return INSTRUMENTS.get(product) ?? ANY_OTHER;
}

const DAY_MS = 86_400_000;
const THURSDAY = 4;

/**
 * The next `count` Thursdays (`YYYY-MM-DD`, UTC) from a time in milliseconds. A Thursday itself
 * counts.
 */
export function nextThursdays(nowMs: number, count: number): string[] {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const first = today + ((THURSDAY - new Date(today).getUTCDay() + 7) % 7) * DAY_MS;
  return Array.from({ length: count }, (_, week) =>
    new Date(first + week * 7 * DAY_MS).toISOString().slice(0, 10),
  );
}

/**
 * The years until the options of `expiry` lapse (10:00 UTC, the Indian close). At least an hour, so
 * that prices stay finite.
 */
export function yearsToExpiry(expiry: string, nowMs: number): number {
  const left = Date.parse(`${expiry}T10:00:00Z`) - nowMs;
  return Math.max(left, DAY_MS / 24) / (365 * DAY_MS);
}
