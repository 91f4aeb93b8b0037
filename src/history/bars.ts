import { parseJson } from '../common/parse-json.js';
import type { HistoryEntry } from './history-store.js';

/** The prices of a product in a period. */
export interface Bar {
  /** When the period begins, ms since the epoch. */
  readonly start: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** How many updates the period had. */
  readonly count: number;
}

export const MINUTE_MS = 60_000;

export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}

/** Returns the one-minute bars of prices that are in ascending order. */
export function barsOf(entries: readonly HistoryEntry[]): Bar[] {
  const single = entries.flatMap(({ ms, value }): Bar[] => {
    const price = priceOf(value);
    if (price === undefined) return [];
    return [{ start: ms, open: price, high: price, low: price, close: price, count: 1 }];
  });
  return combineBars(single, MINUTE_MS);
}

/** Combines bars in ascending order to bars of a longer period. */
export function combineBars(bars: readonly Bar[], periodMs: number): Bar[] {
  const combined: Bar[] = [];
  for (const bar of bars) {
    const start = Math.floor(bar.start / periodMs) * periodMs;
    const last = combined.at(-1);
    if (last?.start !== start) {
      combined.push({ ...bar, start });
      continue;
    }
    combined[combined.length - 1] = {
      start,
      open: last.open,
      high: Math.max(last.high, bar.high),
      low: Math.min(last.low, bar.low),
      close: bar.close,
      count: last.count + bar.count,
    };
  }
  return combined;
}

/** The bar as an entry of a stream. */
export function barEntry({ start, open, high, low, close, count }: Bar): Omit<HistoryEntry, 'gap'> {
  return { ms: start, seq: 0, value: JSON.stringify([open, high, low, close, count]) };
}

/** Returns nothing for an entry that is not a bar, as when another program has written it. */
export function barOf({ ms, value }: HistoryEntry): Bar[] {
  const row = parseJson(value);
  if (!Array.isArray(row) || row.length !== 5 || !row.every((item) => typeof item === 'number')) return [];
  const [open, high, low, close, count] = row as [number, number, number, number, number];
  return [{ start: ms, open, high, low, close, count }];
}

function priceOf(value: string): number | undefined {
  const update = parseJson(value);
  if (typeof update !== 'object' || update === null || !('price' in update)) return undefined;
  return typeof update.price === 'number' ? update.price : undefined;
}
