import { compareIds, timeOfId } from './history-id.js';
import type { HistoryEntry } from './history-store.js';
import type { RecentUpdate } from './recent-updates.js';

/** The most updates that are replayed for one room. */
export const MAX_REPLAYED = 5_000;

/** An update that can be replayed: from the store, or a recent one. */
export type Replayable = Pick<HistoryEntry, 'ms' | 'seq' | 'value'> & { readonly gap?: boolean };

/**
 * Joins entries of the store and the recent updates of this replica without a gap or a duplicate.
 * @param stored in ascending order
 * @param recent in ascending order, without a gap
 * @returns undefined if an update between the two may be missing
 */
export function joinUpdates(
  stored: readonly HistoryEntry[],
  recent: readonly RecentUpdate[],
): readonly Replayable[] | undefined {
  const last = stored.at(-1);
  const first = recent[0];
  if (!last || !first || compareIds(last, first) < 0) return undefined;
  return [...stored, ...recent.filter((update) => compareIds(update, last) > 0)];
}

/**
 * The updates that a client missed.
 * @param updates all updates of the product, in ascending order, from one that the client has
 * @param since the timestamp of the newest update that the client has, µs since the epoch
 * @returns undefined if some of the missed updates may be unknown
 */
export function missedUpdates(
  updates: readonly Replayable[],
  since: number,
): readonly Replayable[] | undefined {
  let had = updates.length - 1;
  while (had >= 0 && timeOfId(updates[had]!) > since) had--;
  // The oldest update that is known is newer than what the client has.
  if (had < 0) return undefined;
  const isNewest = had === updates.length - 1;
  // The client has a newer update than we do: we are behind, or the producer's clock was set back.
  if (isNewest && timeOfId(updates[had]!) < since) return undefined;
  // Of several updates with this timestamp, it is not known which one the client received last. The
  // one before may have it too if it is unknown.
  if (timeOfId(updates[had]!) === since) {
    const before = updates[had]!.gap ? undefined : updates[had - 1];
    if (!before || timeOfId(before) === since) return undefined;
  }
  const missed = updates.slice(had + 1);
  return missed.length > MAX_REPLAYED || missed.some(({ gap }) => gap) ? undefined : missed;
}
