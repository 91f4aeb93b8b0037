import { parseJson } from '../common/parse-json.js';
import { type ChainUpdate, type HistoryRow, MAX_HISTORY_ROWS, type OptionLeg } from '../contract/index.js';
import type { ChainMessage } from '../feed/market-message.js';

/** The columns of an opening, which has one row for each strike. */
export const OPENING_COLUMNS = [
  'timestamp',
  'strike',
  'call_open_interest',
  'call_last',
  'put_open_interest',
  'put_last',
] as const;

/**
 * What is kept of the first chain of a session: JSON of its timestamp and of its rows without it.
 * Undefined if the chain has no open interest. It has no more rows than any other page of history.
 */
export function openingText({ payload }: ChainMessage): string | undefined {
  const { timestamp, strikes, calls, puts }: ChainUpdate = payload.toJSON();
  const [callAt, putAt] = [byStrike(calls), byStrike(puts)];
  const rows = strikes.slice(0, MAX_HISTORY_ROWS).map((strike) => {
    return [strike, ...numbersOf(callAt.get(strike)), ...numbersOf(putAt.get(strike))];
  });
  const hasInterest = rows.some(([, call, , put]) => call != null || put != null);
  return hasInterest ? JSON.stringify([timestamp, ...rows]) : undefined;
}

/** The rows of an opening; undefined for an entry that another program has added. */
export function openingRows({ value }: { readonly value: string }): HistoryRow[] | undefined {
  const kept = parseJson(value);
  if (!Array.isArray(kept)) return undefined;
  const [timestamp, ...rows] = kept as unknown[];
  return typeof timestamp === 'string' && rows.length > 0 && rows.every(isRow)
    ? rows.map((row) => [timestamp, ...row])
    : undefined;
}

/** Of two legs with one strike, the first counts, as in views. */
function byStrike(legs: readonly OptionLeg[]): ReadonlyMap<number, OptionLeg> {
  return new Map(legs.toReversed().map((leg) => [leg.strike, leg]));
}

function numbersOf(leg: OptionLeg | undefined): (number | null)[] {
  return [leg?.open_interest ?? null, leg?.last ?? null];
}

function isRow(row: unknown): row is (number | null)[] {
  return (
    Array.isArray(row) &&
    row.length === OPENING_COLUMNS.length - 1 &&
    row.every((item) => item === null || typeof item === 'number')
  );
}
