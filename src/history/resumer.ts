import { type Clock, delay } from '../common/clock.js';
import { ConcurrencyLimit } from '../common/concurrency-limit.js';
import { priceRow } from './history-entry.js';
import { compareIds, FIRST_ID, type HistoryId, LAST_ID, lastIdAt, timeOfId } from './history-id.js';
import type { HistoryEntry, HistoryStore } from './history-store.js';
import { productStream } from './history-streams.js';
import { joinUpdates, MAX_REPLAYED, missedUpdates, type Replayable } from './missed-updates.js';
import type { RecentHistory } from './recent-history.js';

/**
 * Receives the updates that a client missed, oldest first; undefined if some of them may be unknown.
 */
export type FinishResume = (missed: readonly Replayable[] | undefined, source: 'memory' | 'store') => void;

export interface ResumerOptions {
  readonly clock: Pick<Clock, 'now' | 'wallNow' | 'after'>;
  readonly onError: (error: unknown) => void;
  /** Called with an entry that another program has added. It is left out. */
  readonly onUnreadable: (stream: string, id: HistoryId) => void;
}

/** Reads of the store that run at a time, and that wait for their turn. */
const MAX_READING = 64;
const MAX_WAITING = 4_000;
/** Rooms of clients that wait for an update to be written or received. */
const MAX_RESUMING = 4_000;
/**
 * How far the clock of a producer may be ahead of this replica, ms. A client that claims to have an
 * update from later than that is not waited for.
 */
const MAX_AHEAD_MS = 10_000;
/**
 * How long to wait for the writer to write the updates before the first one that this replica has
 * received, ms. If the writer was killed, another replica must first acquire its lease.
 */
const STORE_WITHIN_MS = 6_000;
/** How long to wait for the first update that this replica receives of a product, ms. */
const FIRST_WITHIN_MS = 1_500;
/** How long to wait before the second attempt, ms. Then twice as long each time, up to the most. */
const RETRY_MS = 50;
const MAX_RETRY_MS = 400;
const PAGE = 1_000;

/**
 * Finds the updates of a product that a client missed while it was disconnected. Updates that this
 * replica has received come from its memory. Older ones come from the store, up to the first one
 * that is also in memory, so that nothing is missing in between.
 */
export class Resumer {
  private readonly reading = new ConcurrencyLimit(MAX_READING, MAX_WAITING);
  private resuming = 0;

  constructor(
    private readonly store: HistoryStore,
    private readonly recent: RecentHistory,
    private readonly options: ResumerOptions,
  ) {}

  /**
   * Calls `finish` once, in a turn of the event loop in which the updates are all that there are. So
   * if the client joins the room in that turn, it continues with the next live update.
   * @param since the timestamp of the newest update that the client has, µs since the epoch
   * @param wanted false once the result is no longer needed
   * @returns undefined if `finish` was called in this turn
   */
  resume(
    product: string,
    since: number,
    finish: FinishResume,
    wanted: () => boolean,
  ): Promise<void> | undefined {
    const missed = missedUpdates(this.received(product), since);
    if (missed) {
      finish(missed, 'memory');
      return undefined;
    }
    if (this.resuming >= MAX_RESUMING || this.isFromTheFuture(product, since)) {
      finish(undefined, 'store');
      return undefined;
    }
    this.resuming++;
    return this.fromStore(product, since, finish, wanted).finally(() => this.resuming--);
  }

  private isFromTheFuture(product: string, since: number): boolean {
    const newest = this.received(product).at(-1);
    const latest = Math.max(this.options.clock.wallNow(), newest?.ms ?? 0);
    return since / 1_000 > latest + MAX_AHEAD_MS;
  }

  private received(product: string) {
    return this.recent.of(productStream(product))?.all ?? [];
  }

  private async fromStore(
    product: string,
    since: number,
    finish: FinishResume,
    wanted: () => boolean,
  ): Promise<void> {
    const { clock } = this.options;
    const began = clock.now();
    const stream = productStream(product);
    const isPrice = (entry: HistoryEntry): boolean => {
      if (priceRow(entry, product)) return true;
      this.options.onUnreadable(stream, entry);
      return false;
    };
    const stored: HistoryEntry[] = [];
    let last: HistoryId | undefined;
    for (let retryMs = RETRY_MS; ; retryMs = Math.min(2 * retryMs, MAX_RETRY_MS)) {
      const after = last;
      const read = await this.reading.run(() => this.readOn(stream, since, after));
      if (!read) return finish(undefined, 'store');
      last = read.at(-1) ?? last;
      for (const entry of read) if (isPrice(entry)) stored.push(entry);
      if (stored.length > MAX_REPLAYED + 2) return finish(undefined, 'store');
      // From here on, this is one turn of the event loop.
      const received = this.received(product);
      const all = joinUpdates(stored, received);
      if (all && timeOfId(all.at(-1)!) >= since) return finish(missedUpdates(all, since), 'store');
      const within = received.length > 0 ? STORE_WITHIN_MS : FIRST_WITHIN_MS;
      const leftMs = began + within - clock.now();
      if (!wanted() || leftMs <= 0) return finish(undefined, 'store');
      await delay(clock, Math.min(retryMs, leftMs));
    }
  }

  /**
   * Reads the entries after `last`, or from the newest ones that the client has.
   * @returns undefined if the stream has no such entry, no longer has `last`, or cannot be read
   */
  private async readOn(
    stream: string,
    since: number,
    last: HistoryId | undefined,
  ): Promise<readonly HistoryEntry[] | undefined> {
    try {
      // Two entries show whether there are several with the timestamp `since`.
      const entries = last
        ? []
        : await this.store.read(stream, { from: FIRST_ID, to: lastIdAt(since), limit: 2, newest: true });
      for (let from = last ?? entries.at(-1); from; from = entries.at(-1)) {
        // Each page begins with the last entry of the page before. If it does not, entries were
        // removed in the meantime, or the stream began again.
        const [same, ...page] = await this.store.read(stream, { from, to: LAST_ID, limit: PAGE + 1 });
        if (!same || compareIds(same, from) !== 0) return undefined;
        entries.push(...page);
        if (page.length < PAGE || entries.length > MAX_REPLAYED + 2) return entries;
      }
    } catch (error) {
      this.options.onError(error);
    }
    return undefined;
  }
}
