import {
  compareIds,
  FIRST_ID,
  formatId,
  type HistoryId,
  idAfter,
  idBefore,
  LAST_ID,
  parseId,
} from './history-id.js';
import type { HistoryEntry } from './history-store.js';
import type { RecentUpdates } from './recent-updates.js';

/** Which part of a stream a client asks for. Both ends are included. */
export interface PageRequest {
  readonly from?: HistoryId | undefined;
  readonly to?: HistoryId | undefined;
  /** The `next` of the page before this one. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** The part of a stream that a page is taken from, and from which end. */
export interface PageRange {
  readonly from: HistoryId;
  readonly to: HistoryId;
  /** Whether pages go from the newest entries to older ones. */
  readonly newest: boolean;
}

/** A cursor is the direction of the pages, and the first or last id of the next one. */
const CURSOR = /^([ab])(\d{1,15}-\d{1,16})$/;

export function isCursor(text: string): boolean {
  const match = CURSOR.exec(text);
  return match !== null && parseId(match[2]!) !== undefined;
}

/**
 * With `from`, pages begin there and go on to newer entries. Otherwise, they begin with the newest
 * entries and go on to older ones.
 */
export function pageRange({ from, to, cursor }: PageRequest): PageRange {
  const range = { from: from ?? FIRST_ID, to: to ?? LAST_ID, newest: from === undefined };
  const [, direction, text] = cursor === undefined ? [] : (CURSOR.exec(cursor) ?? []);
  const id = text === undefined ? undefined : parseId(text);
  if (!id) return range;
  return direction === 'a' ? { ...range, from: id, newest: false } : { ...range, to: id, newest: true };
}

/** The cursor of the page after one that has these entries. */
export function nextCursor(first: HistoryId, last: HistoryId, newest: boolean): string {
  return newest ? `b${formatId(idBefore(first))}` : `a${formatId(idAfter(last))}`;
}

/**
 * Adds the updates that this replica has received, and that the store does not have yet, to entries
 * that were read from the store.
 * @param entries in ascending order, and complete up to the end of the store
 * @param from updates before this id are not added
 */
export function withRecent(
  entries: readonly HistoryEntry[],
  recent: RecentUpdates,
  { from, to }: { readonly from: HistoryId; readonly to: HistoryId },
): readonly HistoryEntry[] {
  const last = entries.at(-1);
  const known = recent.knownAfter(last ?? idBefore(from)).filter((update) => compareIds(update, to) <= 0);
  if (known.length === 0) return entries;
  const complete = recent.after(last ?? idBefore(from)) !== undefined;
  return [
    ...entries,
    ...known.map(({ ms, seq, value }, index) => ({ ms, seq, value, gap: !complete && index === 0 })),
  ];
}
