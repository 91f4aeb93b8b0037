import type { HistoryId } from './history-id.js';

/** One update, summary, opening or bar in a stream. */
export interface HistoryEntry extends HistoryId {
  /** JSON text, or anything else if another program has added the entry; '' if it has no value. */
  readonly value: string;
  /** Whether updates may be missing between the entry before this one and this one. */
  readonly gap: boolean;
}

/** Entries to append to one stream: a run of a replica's updates without a gap. */
export interface HistoryRun {
  /** The name of the stream. */
  readonly stream: string;
  /** In ascending order; at least one. */
  readonly entries: readonly Omit<HistoryEntry, 'gap'>[];
  /**
   * The update directly before the run, which the stream must already have: otherwise nothing is
   * appended. Without it, the first entry that is appended is marked as following a gap, unless the
   * stream already has an entry of the run.
   */
  readonly follows?: HistoryId | undefined;
  /**
   * The newest id before the clock of the producer was set back. If the last entry of the stream is
   * from before that, the stream begins again.
   */
  readonly abandoned?: HistoryId | undefined;
  /**
   * The run is one entry, and the stream keeps only the earliest one from this time on, ms since the
   * epoch: the entry replaces what the stream has, unless that is from then on and not later.
   */
  readonly firstSince?: number | undefined;
}

/** How much of a stream is kept. */
export interface HistoryBounds {
  /** The age of the oldest entry, counted back from the newest one, ms. */
  readonly keepMs: number;
  readonly maxEntries: number;
  /** How long a stream is kept after its last entry was appended, ms. */
  readonly idleMs: number;
}

export interface AppendResult {
  /** The last entry of the stream before the call; undefined if there was none. */
  readonly last: HistoryId | undefined;
  /** How many entries were appended. The others were already in the stream, or older. */
  readonly appended: number;
  /** Whether nothing was appended because the stream does not have the update before the run. */
  readonly behind: boolean;
  /** Whether an entry that follows a gap was appended. */
  readonly gap: boolean;
}

/** Which entries of a stream to read, both ends included. */
export interface HistoryRange {
  readonly from: HistoryId;
  readonly to: HistoryId;
  readonly limit: number;
  /** Whether the newest `limit` entries of the range are read, instead of the oldest. */
  readonly newest?: boolean;
}

/**
 * Port: streams of past updates, which all replicas share. {@link RedisHistoryStore} and
 * {@link MemoryHistoryStore} implement it, and one contract suite
 * (`test/e2e/history/history-store.e2e-spec.ts`) tests both. No method waits longer than the
 * store's command timeout.
 */
export interface HistoryStore {
  /**
   * Appends each run to its stream in one atomic step, and removes what exceeds `bounds`. Entries
   * that are not newer than the last one of the stream are skipped.
   * @returns the outcomes, in the order of `runs`; an error if only this stream could not be
   *   written, as when another program uses its key
   */
  append(runs: readonly HistoryRun[], bounds: HistoryBounds): Promise<(AppendResult | Error)[]>;
  /**
   * Reads entries in ascending order. Entries that another program has added are returned too, so
   * that their number says whether there are more.
   * @throws Error if the stream cannot be read
   */
  read(stream: string, range: HistoryRange): Promise<HistoryEntry[]>;
}

/** Nest token of the {@link HistoryStore}. */
export const HISTORY_STORE = Symbol('HISTORY_STORE');
