/** The place of an update in its stream: an id of Redis Streams. */
export interface HistoryId {
  /** The update's `timestamp`, ms since the epoch. */
  readonly ms: number;
  /** The rest of the timestamp and the delay of the worker: see {@link historyId}. */
  readonly seq: number;
}

/** How many values of `seq` belong to one microsecond. */
const PER_MICROSECOND = 10_000_000;

const FORM = /^(\d{1,15})-(\d{1,16})$/;

/**
 * The id of an update. It depends only on the update, so that all replicas give it the same id and
 * Redis refuses to store it twice. Updates with the same timestamp are ordered by the time at which
 * the worker processed them, as in the cache.
 * @param time the update's `timestamp`, µs since the epoch
 * @param processedTime the update's `processed_at`, µs since the epoch
 */
export function historyId(time: number, processedTime: number): HistoryId {
  const delay = Math.min(Math.max(0, Math.floor(processedTime - time)), PER_MICROSECOND - 1);
  return { ms: Math.floor(time / 1_000), seq: (time % 1_000) * PER_MICROSECOND + delay };
}

/** The first id that an update with this timestamp can have. */
export function firstIdAt(time: number): HistoryId {
  return historyId(time, time);
}

/** The last id that an update with this timestamp can have. */
export function lastIdAt(time: number): HistoryId {
  return historyId(time, Infinity);
}

/** The timestamp of an update, µs since the epoch. */
export function timeOfId({ ms, seq }: HistoryId): number {
  return ms * 1_000 + Math.floor(seq / PER_MICROSECOND);
}

/** Returns more than 0 if `a` is newer, less than 0 if `b` is newer, and 0 if they are equal. */
export function compareIds(a: HistoryId, b: HistoryId): number {
  return a.ms - b.ms || a.seq - b.seq;
}

export function idAfter({ ms, seq }: HistoryId): HistoryId {
  return seq < Number.MAX_SAFE_INTEGER ? { ms, seq: seq + 1 } : { ms: ms + 1, seq: 0 };
}

export function idBefore({ ms, seq }: HistoryId): HistoryId {
  return seq > 0 ? { ms, seq: seq - 1 } : { ms: ms - 1, seq: 1_000 * PER_MICROSECOND - 1 };
}

export function formatId({ ms, seq }: HistoryId): string {
  return `${ms}-${seq}`;
}

/** Returns undefined if the text is not an id. */
export function parseId(text: string): HistoryId | undefined {
  const match = FORM.exec(text);
  if (!match) return undefined;
  const id = { ms: Number(match[1]), seq: Number(match[2]) };
  return Number.isSafeInteger(id.seq) ? id : undefined;
}

/** The smallest and the largest id. */
export const FIRST_ID: HistoryId = { ms: 0, seq: 0 };
export const LAST_ID: HistoryId = { ms: 999_999_999_999_999, seq: Number.MAX_SAFE_INTEGER };
