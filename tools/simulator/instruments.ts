/** The properties of a product that the simulator needs. */
export interface Instrument {
  readonly startPrice: number;
  /** The distance between two strikes. */
  readonly strikeStep: number;
  /** Quotes of options are multiples of `1 / ticksPerUnit`: 20 is a tick of 0.05. */
  readonly ticksPerUnit: number;
  /** The annual implied volatility at the money in the long run, as a fraction. */
  readonly impliedVolatility: number;
  /** About how many contracts are open at a liquid strike. */
  readonly openInterest: number;
  /** Products of one region have most of their movement in common. */
  readonly region?: string;
}

const INDIA = { region: 'IN', ticksPerUnit: 20 };
const AMERICA = { region: 'US', ticksPerUnit: 100 };

/** The platform's products in the order of its feed, with start prices near those of the recording. */
const INSTRUMENTS: ReadonlyMap<string, Instrument> = new Map<string, Instrument>([
  ['NIFTY', { ...INDIA, startPrice: 21_500, strikeStep: 50, impliedVolatility: 0.14, openInterest: 90_000 }],
  [
    'BANKNIFTY',
    { ...INDIA, startPrice: 45_000, strikeStep: 100, impliedVolatility: 0.17, openInterest: 60_000 },
  ],
  [
    'FINNIFTY',
    { ...INDIA, startPrice: 19_500, strikeStep: 100, impliedVolatility: 0.16, openInterest: 25_000 },
  ],
  [
    'SENSEX',
    { ...INDIA, startPrice: 71_000, strikeStep: 100, impliedVolatility: 0.14, openInterest: 40_000 },
  ],
  ['AAPL', { ...AMERICA, startPrice: 185, strikeStep: 2.5, impliedVolatility: 0.25, openInterest: 30_000 }],
  ['TSLA', { ...AMERICA, startPrice: 245, strikeStep: 5, impliedVolatility: 0.48, openInterest: 45_000 }],
  ['SPY', { ...AMERICA, startPrice: 475, strikeStep: 1, impliedVolatility: 0.15, openInterest: 80_000 }],
  ['QQQ', { ...AMERICA, startPrice: 395, strikeStep: 1, impliedVolatility: 0.2, openInterest: 60_000 }],
]);

const ANY_OTHER: Instrument = {
  startPrice: 1000,
  strikeStep: 10,
  ticksPerUnit: 20,
  impliedVolatility: 0.25,
  openInterest: 20_000,
};

export const DEFAULT_PRODUCTS: readonly string[] = [...INSTRUMENTS.keys()];

export function instrumentOf(product: string): Instrument {
  return INSTRUMENTS.get(product) ?? ANY_OTHER;
}

export const DAY_MS = 86_400_000;
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
