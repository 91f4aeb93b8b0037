import { compareIds, FIRST_ID, type HistoryId, idBefore } from './history-id.js';
import type { HistoryRun } from './history-store.js';

/** An update that this replica has received. */
export interface RecentUpdate extends HistoryId {
  /**
   * JSON text, as in the store. It is not the payload that clients were sent, with which its frames
   * would stay in memory.
   */
  readonly value: string;
  /** When this replica received it, ms since the epoch. */
  readonly receivedAt: number;
}

/** The most entries that are written to one stream at a time. */
const MAX_RUN = 256;

/**
 * The last updates of one stream that this replica has received, without a gap between them. It
 * bridges the time until they are in the store, and knows which of them the store still lacks.
 */
export class RecentUpdates {
  private updates: RecentUpdate[] = [];
  /** The update directly before the first one; undefined if it is not known. */
  private before: HistoryId | undefined;
  /** What the store is known to have: everything up to here. Undefined if it is not known. */
  private stored: HistoryId | undefined;
  private abandoned: HistoryId | undefined;
  /** Raised whenever all updates are forgotten: what was being written then says nothing any more. */
  private interruptions = 0;

  get epoch(): number {
    return this.interruptions;
  }

  get newest(): RecentUpdate | undefined {
    return this.updates.at(-1);
  }

  /** The id of the newest update, even if {@link forgetStored} has forgotten the update. */
  get newestId(): HistoryId | undefined {
    return this.newest ?? this.before;
  }

  /** All updates, oldest first. */
  get all(): readonly RecentUpdate[] {
    return this.updates;
  }

  /** Adds the newest update, and removes the oldest ones beyond `max`. */
  add(update: RecentUpdate, max: number): void {
    this.updates.push(update);
    if (this.abandoned && compareIds(update, this.abandoned) > 0) this.abandoned = undefined;
    // Removing a part at a time keeps the cost of one update constant.
    if (this.updates.length < max * 1.25) return;
    const removed = this.updates.splice(0, this.updates.length - max);
    this.before = removed.at(-1);
  }

  /** Forgets all updates, because the next one may follow a gap. */
  interrupt(): void {
    this.updates = [];
    this.before = undefined;
    this.stored = undefined;
    this.interruptions++;
  }

  /** Forgets all updates, because the clock of the producer was set back. */
  setBack(): void {
    this.abandoned = this.newestId ?? this.abandoned;
    this.interrupt();
  }

  /**
   * The updates after `id`, oldest first. Undefined if some of them may be missing, because this
   * replica has not received `id` or an older update.
   */
  after(id: HistoryId): readonly RecentUpdate[] | undefined {
    const start = this.before ?? this.updates[0];
    if (!start || compareIds(start, id) > 0) return undefined;
    return this.updates.slice(this.indexAfter(id));
  }

  /** The updates after `id` that are known, oldest first, even if earlier ones are missing. */
  knownAfter(id: HistoryId): readonly RecentUpdate[] {
    return this.updates.slice(this.indexAfter(id));
  }

  /** The next entries to write to the store; undefined if it has all of them. */
  unwritten(stream: string): HistoryRun | undefined {
    // If it is not known what the store has, the newest update finds out.
    const from = this.stored ? this.indexAfter(this.stored) : Math.max(0, this.updates.length - 1);
    const entries = this.updates.slice(from, from + MAX_RUN);
    const first = entries[0];
    if (!first) return undefined;
    const before = this.updates[from - 1] ?? this.before;
    const follows = before ?? (this.stored ? undefined : idBefore(first));
    return { stream, entries, follows, abandoned: this.abandoned };
  }

  /** The store has everything up to `id`, or nothing at all if there is no `id`. */
  storeHas(id: HistoryId = FIRST_ID): void {
    this.stored = { ms: id.ms, seq: id.seq };
    // Once the store has a later update, it is no longer needed that this one follows another.
    if (this.before && compareIds(this.before, this.stored) > 0) this.before = undefined;
  }

  /**
   * Forgets the updates that the store has, except the id of the last one.
   * @returns how many updates were forgotten
   */
  forgetStored(): number {
    const removed = this.stored ? this.updates.splice(0, this.indexAfter(this.stored)) : [];
    this.before = removed.at(-1) ?? this.before;
    return removed.length;
  }

  private indexAfter(id: HistoryId): number {
    let [low, high] = [0, this.updates.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.updates[middle]!, id) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
