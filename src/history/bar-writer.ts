import { barEntry, barsOf, MINUTE_MS, minuteOf } from './bars.js';
import { FIRST_ID, type HistoryId, idBefore, LAST_ID } from './history-id.js';
import type { HistoryBounds, HistoryEntry, HistoryStore } from './history-store.js';
import { barStream, productStream } from './history-streams.js';

export interface BarWriterOptions {
  readonly bounds: HistoryBounds;
  readonly onWritten: (bars: number) => void;
  readonly onError: (error: Error, stream: string) => void;
}

/** Products whose bars are written at the same time. */
const PARALLEL = 8;
const PAGE = 1_000;
/** Products whose last bar is remembered. Beyond it all are forgotten, and read again. */
const MAX_PRODUCTS = 10_000;

/**
 * Writes the one-minute bars of products. A bar is computed from the stream of prices once that
 * stream has a price of a later minute: from then on, no price can be added to the minute. So the
 * bar is exact, and every replica would compute the same one.
 */
export class BarWriter {
  /** By product: the start of the last bar in the store, ms since the epoch. */
  private readonly last = new Map<string, number>();

  constructor(
    private readonly store: HistoryStore,
    private readonly options: BarWriterOptions,
  ) {}

  /**
   * Writes the bars of all minutes that have ended. Never rejects.
   * @param newest by product, the newest price in the store
   */
  async write(newest: ReadonlyMap<string, HistoryId>): Promise<void> {
    const due = [...newest].filter(([product, { ms }]) => {
      const last = this.last.get(product);
      return last === undefined || minuteOf(ms) - last > MINUTE_MS;
    });
    for (let start = 0; start < due.length; start += PARALLEL) {
      await Promise.all(
        due.slice(start, start + PARALLEL).map(([product, id]) => this.writeOne(product, id)),
      );
    }
  }

  private async writeOne(product: string, { ms }: HistoryId): Promise<void> {
    const stream = barStream(product);
    try {
      const [tail] = await this.store.read(stream, { from: FIRST_ID, to: LAST_ID, limit: 1, newest: true });
      const entries = await this.prices(product, tail ? tail.ms + MINUTE_MS : 0, minuteOf(ms));
      const bars = barsOf(entries);
      if (this.last.size >= MAX_PRODUCTS) this.last.clear();
      if (bars.length > 0) {
        const [result] = await this.store.append(
          [{ stream, entries: bars.map(barEntry), follows: tail }],
          this.options.bounds,
        );
        if (result instanceof Error) throw result;
        this.options.onWritten(result?.appended ?? 0);
      }
      // A product without prices in the last minutes is looked at again after a minute.
      this.last.set(product, bars.at(-1)?.start ?? minuteOf(ms) - MINUTE_MS);
    } catch (error) {
      this.options.onError(error instanceof Error ? error : new Error(String(error)), stream);
    }
  }

  /** The prices from `fromMs` up to, and without, `toMs`. */
  private async prices(product: string, fromMs: number, toMs: number): Promise<HistoryEntry[]> {
    const to = idBefore({ ms: toMs, seq: 0 });
    const all: HistoryEntry[] = [];
    for (let from: HistoryId = { ms: fromMs, seq: 0 }; ;) {
      const page = await this.store.read(productStream(product), { from, to, limit: PAGE });
      all.push(...page);
      const tail = page.at(-1);
      if (!tail || page.length < PAGE) return all;
      from = { ms: tail.ms, seq: tail.seq + 1 };
    }
  }
}
