import { parseJson } from '../common/parse-json.js';
import type { HistoryRow, UnderlyingUpdate } from '../contract/index.js';
import type { ChainMessage, MarketMessage, UnderlyingMessage } from '../feed/market-message.js';
import { historyId } from './history-id.js';
import { productStream, summaryStream } from './history-streams.js';
import type { RecentUpdate } from './recent-updates.js';

/**
 * Longest text of a price that is kept as it is, characters. Of a longer one, only the documented
 * fields are kept, so that a field which a platform adds cannot fill the memory.
 */
const MAX_TEXT = 1_024;

/** The columns of a summary in the store, in this order. */
export const SUMMARY_COLUMNS = [
  'timestamp',
  'spot_price',
  'pcr_oi',
  'pcr_volume',
  'max_pain_strike',
  'atm_strike',
  'atm_straddle_price',
  'total_call_oi',
  'total_put_oi',
] as const;

/** The stream of a message, and what is kept of it there. */
export function historyEntryOf(
  message: MarketMessage,
  receivedAt: number,
): {
  readonly stream: string;
  readonly update: RecentUpdate;
} {
  const { ms, seq } = historyId(message.time, message.processedTime);
  if (message.kind === 'underlying') {
    return {
      stream: productStream(message.product),
      update: { ms, seq, value: keptText(message), receivedAt },
    };
  }
  const stream = summaryStream(message.product, message.expiry);
  return {
    stream,
    update: { ms, seq, value: JSON.stringify(rowOfSummary(message)), receivedAt },
  };
}

/** An update of a page. */
export interface UpdateRow<T = HistoryRow> {
  readonly row: T;
  /** Whether updates may be missing before it. */
  readonly gap: boolean;
}

/** Returns undefined for an entry that is not a price of the product. */
export function priceRow({ value }: { readonly value: string }, product: string): HistoryRow | undefined {
  const update = parseJson(value) as Partial<UnderlyingUpdate> | null | undefined;
  if (typeof update !== 'object' || update?.product !== product) return undefined;
  const { timestamp, price } = update;
  return typeof timestamp === 'string' && typeof price === 'number' ? [timestamp, price] : undefined;
}

/** Returns undefined for an entry that is not a summary. */
export function summaryRow({ value }: { readonly value: string }): HistoryRow | undefined {
  const row = parseJson(value);
  if (!Array.isArray(row) || row.length !== SUMMARY_COLUMNS.length) return undefined;
  const [timestamp, ...numbers] = row as unknown[];
  const isRow =
    typeof timestamp === 'string' && numbers.every((item) => item === null || typeof item === 'number');
  return isRow ? (row as HistoryRow) : undefined;
}

function keptText({ payload, product, price }: UnderlyingMessage): string {
  if (payload.text.length <= MAX_TEXT) return payload.text;
  const { type, timestamp, processed_at } = payload.toJSON();
  return JSON.stringify({ type, product, price, timestamp, processed_at });
}

function rowOfSummary({ summary, totals }: ChainMessage): (string | number | null)[] {
  const fields = { ...summary, ...totals };
  return SUMMARY_COLUMNS.map((column) => fields[column]);
}
