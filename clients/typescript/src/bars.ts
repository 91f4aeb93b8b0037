import { type HistoryResolution, parseTimestamp, type Timestamp } from './contract/index.js';

/** The prices of a product in one period. */
export interface Bar {
  /** When the period begins. */
  readonly timestamp: Timestamp;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** How many updates the period has had. */
  readonly count: number;
}

/** A price with its time. */
export interface Price {
  readonly timestamp: Timestamp;
  readonly price: number;
}

export const barColumns = ['timestamp', 'open', 'high', 'low', 'close', 'count'] as const;

const MINUTES: Readonly<Record<HistoryResolution, number>> = { raw: 0, '1m': 1, '5m': 5, '1h': 60 };

/** The length of the periods, in ms. 0 for `raw`. */
export function periodMsOf(resolution: HistoryResolution): number {
  return MINUTES[resolution] * 60_000;
}

/** When the period of a time begins, in the form of the gateway. */
export function periodOf(timestamp: Timestamp, periodMs: number): Timestamp {
  const ms = (parseTimestamp(timestamp) ?? 0) / 1_000;
  return new Date(Math.floor(ms / periodMs) * periodMs).toISOString();
}

/** The bar with one more price, which is newer than those in it. */
export function withPrice(bar: Bar | undefined, price: number, timestamp: Timestamp): Bar {
  return {
    timestamp,
    open: bar?.open ?? price,
    high: Math.max(bar?.high ?? price, price),
    low: Math.min(bar?.low ?? price, price),
    close: price,
    count: (bar?.count ?? 0) + 1,
  };
}

/** The bars of prices that are in ascending order of time. */
export function barsOf(prices: readonly Price[], periodMs: number): Bar[] {
  const bars = new Map<Timestamp, Bar>();
  for (const { timestamp, price } of prices) {
    const period = periodOf(timestamp, periodMs);
    bars.set(period, withPrice(bars.get(period), price, period));
  }
  return [...bars.values()];
}
