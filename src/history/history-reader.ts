import { type Bar, barOf, barsOf, combineBars, MINUTE_MS } from './bars.js';
import type { UpdateRow } from './history-entry.js';
import { compareIds, type HistoryId, idAfter, idBefore, LAST_ID } from './history-id.js';
import type { HistoryEntry, HistoryStore } from './history-store.js';
import { barStream, productStream } from './history-streams.js';
import { nextCursor, pageRange, type PageRange, type PageRequest, withRecent } from './page.js';
import type { RecentUpdates } from './recent-updates.js';

/** A part of a stream, in ascending order. */
export interface HistoryPage<T> {
  readonly rows: readonly T[];
  /** The cursor of the next page; `null` if this is the last one. */
  readonly next: string | null;
}

/** Entries that are read at a time. It limits how long one read blocks Redis and this process. */
const CHUNK = 1_000;
/** The most one-minute bars that one page of longer bars is made of. */
export const MAX_MINUTES = 12_000;
/** The most prices of which the bars of the last minutes are computed. */
const MAX_PRICES = 20_000;

/** What this replica has received, and the store may not have yet. */
export interface ReceivedUpdates {
  /** The runs of a stream, oldest first. Updates may be missing between two of them. */
  runsOf(stream: string): readonly RecentUpdates[];
}

/** Reads pages of the streams, and adds what this replica has received since their last entry. */
export class HistoryReader {
  constructor(
    private readonly store: HistoryStore,
    private readonly recent: ReceivedUpdates,
    /** Called with an entry that another program has added. It is left out. */
    private readonly onUnreadable: (stream: string, id: HistoryId) => void,
  ) {}

  /**
   * A page of updates.
   * @param rowOf returns undefined for an entry that another program has added
   * @param signal stops the reading when it is aborted; the page is then incomplete
   * @throws Error if the store cannot be read
   */
  async updates<T>(
    stream: string,
    request: PageRequest,
    signal: AbortSignal,
    rowOf: (entry: HistoryEntry) => T | undefined,
  ): Promise<HistoryPage<UpdateRow<T>>> {
    const { limit } = request;
    const range = pageRange(request);
    const read = await this.read(stream, range, limit + 1, signal);
    // Only a page that reaches the end of the store can go on with what it does not have yet.
    const reachesEnd = range.newest || read.length <= limit;
    const entries = reachesEnd ? this.withRecent(stream, read, range) : read;
    const kept = range.newest ? entries.slice(-limit) : entries.slice(0, limit);
    const { next } = pageOf(kept, entries.length > limit, range.newest, (entry) => entry);
    return { rows: this.rowsOf(stream, kept, rowOf), next };
  }

  private withRecent(
    stream: string,
    entries: readonly HistoryEntry[],
    range: PageRange,
  ): readonly HistoryEntry[] {
    return this.recent.runsOf(stream).reduce((all, run) => withRecent(all, run, range), entries);
  }

  private rowsOf<T>(
    stream: string,
    entries: readonly HistoryEntry[],
    rowOf: (entry: HistoryEntry) => T | undefined,
  ): UpdateRow<T>[] {
    const rows: UpdateRow<T>[] = [];
    // The gap before an entry that is left out is before the next row.
    let gap = false;
    for (const entry of entries) {
      gap ||= entry.gap;
      const row = rowOf(entry);
      if (row) {
        rows.push({ row, gap });
        gap = false;
      } else {
        this.onUnreadable(stream, entry);
      }
    }
    return rows;
  }

  /**
   * A page of bars. The bars of minutes that have not ended are computed from the prices so far.
   * @param periodMs the length of a bar, ms: a multiple of a minute
   * @throws Error if the store cannot be read
   */
  async bars(
    product: string,
    periodMs: number,
    request: PageRequest,
    signal: AbortSignal,
  ): Promise<HistoryPage<Bar>> {
    const { limit } = request;
    const range = wholePeriods(pageRange(request), periodMs);
    // One period more than the page shows whether another page follows, and one more again is
    // dropped because only a part of it may have been read.
    const most = Math.min((limit + 2) * (periodMs / MINUTE_MS), MAX_MINUTES);
    const read = await this.read(barStream(product), range, most, signal);
    const isCut = read.length >= most;
    const minutes = read.flatMap(barOf);
    if (range.newest || !isCut) minutes.push(...(await this.openBars(product, range, read.at(-1), signal)));
    let bars = combineBars(minutes, periodMs);
    if (isCut && bars.length > 1) bars = range.newest ? bars.slice(1) : bars.slice(0, -1);
    const rows = range.newest ? bars.slice(-limit) : bars.slice(0, limit);
    return pageOf(rows, isCut || bars.length > limit, range.newest, ({ start }, isEnd) =>
      isEnd ? { ms: start + periodMs - 1, seq: 0 } : { ms: start, seq: 0 },
    );
  }

  /** The bars of the prices after the last bar in the store. */
  private async openBars(
    product: string,
    range: PageRange,
    lastBar: HistoryId | undefined,
    signal: AbortSignal,
  ): Promise<Bar[]> {
    const stream = productStream(product);
    const begin = lastBar ? { ms: lastBar.ms + MINUTE_MS, seq: 0 } : range.from;
    const open = { from: compareIds(begin, range.from) > 0 ? begin : range.from, to: range.to, newest: true };
    const prices = await this.read(stream, open, MAX_PRICES, signal);
    return barsOf(this.withRecent(stream, prices, open));
  }

  /** Reads up to `limit` entries in chunks. Returns them in ascending order. */
  private async read(
    stream: string,
    { from, to, newest }: PageRange,
    limit: number,
    signal: AbortSignal,
  ): Promise<HistoryEntry[]> {
    const chunks: HistoryEntry[][] = [];
    let count = 0;
    let range = { from, to };
    while (count < limit && !signal.aborted && compareIds(range.from, range.to) <= 0) {
      const wanted = Math.min(CHUNK, limit - count);
      const chunk = await this.store.read(stream, { ...range, limit: wanted, newest });
      chunks.push(chunk);
      count += chunk.length;
      if (chunk.length < wanted) break;
      range = newest ? { from, to: idBefore(chunk[0]!) } : { from: idAfter(chunk[chunk.length - 1]!), to };
    }
    return (newest ? chunks.reverse() : chunks).flat();
  }
}

/** The range of the periods that begin in a range, so that each of their bars is complete. */
function wholePeriods({ from, to, newest }: PageRange, periodMs: number): PageRange {
  const firstMs = Math.ceil((from.ms + (from.seq > 0 ? 1 : 0)) / periodMs) * periodMs;
  const endMs = (Math.floor(to.ms / periodMs) + 1) * periodMs;
  const last = compareIds(to, LAST_ID) < 0 ? idBefore({ ms: endMs, seq: 0 }) : to;
  return { from: { ms: firstMs, seq: 0 }, to: last, newest };
}

function pageOf<T>(
  rows: readonly T[],
  hasMore: boolean,
  newest: boolean,
  idOf: (row: T, isEnd: boolean) => HistoryId,
): HistoryPage<T> {
  const [first, last] = [rows[0], rows.at(-1)];
  const next = hasMore && first && last ? nextCursor(idOf(first, false), idOf(last, true), newest) : null;
  return { rows, next };
}
