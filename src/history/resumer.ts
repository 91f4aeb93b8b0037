import { type Clock, delay } from '../common/clock.js';
import { ConcurrencyLimit } from '../common/concurrency-limit.js';
import { FIRST_ID, idAfter, LAST_ID, lastIdAt, timeOfId } from './history-id.js';
import type { HistoryEntry, HistoryStore } from './history-store.js';
import { productStream } from './history-streams.js';
import { joinUpdates, MAX_REPLAYED, missedUpdates, type Replayable } from './missed-updates.js';
import type { RecentHistory } from './recent-history.js';

/**
 * Receives the updates that a client missed, oldest first; undefined if some of them may be unknown.
 */
export type FinishResume = (missed: readonly Replayable[] | undefined, source: 'memory' | 'store') => void;

export interface ResumerOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly onError: (error: unknown) => void;
}

/** Clients that wait for the store, or for an update that this replica has not received yet. */
const MAX_RUNNING = 256;
const MAX_WAITING = 2_000;
/**
 * How long to wait for the writer to write the updates before the first one that this replica has
 * received, ms. If the writer was killed, another replica must first acquire its lease.
 */
const STORE_WITHIN_MS = 6_000;
/** How long to wait for the first update that this replica receives of a product, ms. */
const FIRST_WITHIN_MS = 1_500;
/** How long to wait between two attempts, ms. */
const RETRY_MS = 50;
const PAGE = 1_000;

/**
 * Finds the updates of a product that a client missed while it was disconnected. Updates that this
 * replica has received come from its memory. Older ones come from the store, up to the first one
 * that is also in memory, so that nothing is missing in between.
 */
export class Resumer {
  private readonly limit = new ConcurrencyLimit(MAX_RUNNING, MAX_WAITING);

  constructor(
    private readonly store: HistoryStore,
    private readonly recent: RecentHistory,
    private readonly options: ResumerOptions,
  ) {}

  /**
   * Calls `finish` once, in a turn of the event loop in which the updates are all that there are:
   * whoever joins the room in that turn continues with the next live update.
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
    const reading = this.limit.run(() => this.fromStore(product, since, finish, wanted));
    if (!reading) finish(undefined, 'store');
    return reading;
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
    let stored: readonly HistoryEntry[] = [];
    for (;;) {
      const read = await this.readOn(productStream(product), since, stored);
      if (!read || read.length > MAX_REPLAYED + 2) return finish(undefined, 'store');
      stored = read;
      // From here on, this is one turn of the event loop.
      const received = this.received(product);
      const all = joinUpdates(stored, received);
      if (all && timeOfId(all.at(-1)!) >= since) return finish(missedUpdates(all, since), 'store');
      const within = received.length > 0 ? STORE_WITHIN_MS : FIRST_WITHIN_MS;
      if (!wanted() || clock.now() - began >= within) return finish(undefined, 'store');
      await delay(clock, RETRY_MS);
    }
  }

  /**
   * Reads the entries after those that were read before, or from the last ones that the client has.
   * Undefined if there is no such entry, or the store cannot be read.
   */
  private async readOn(
    stream: string,
    since: number,
    before: readonly HistoryEntry[],
  ): Promise<readonly HistoryEntry[] | undefined> {
    try {
      // Two entries show whether there are several with the timestamp `since`.
      const entries =
        before.length > 0
          ? [...before]
          : await this.store.read(stream, { from: FIRST_ID, to: lastIdAt(since), limit: 2, newest: true });
      if (entries.length === 0) return undefined;
      let page: HistoryEntry[];
      do {
        page = await this.store.read(stream, {
          from: idAfter(entries[entries.length - 1]!),
          to: LAST_ID,
          limit: PAGE,
        });
        entries.push(...page);
      } while (page.length === PAGE && entries.length <= MAX_REPLAYED + 2);
      return entries;
    } catch (error) {
      this.options.onError(error);
      return undefined;
    }
  }
}
