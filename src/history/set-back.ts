import type { HistoryId } from './history-id.js';

/**
 * Whether the last entry of a stream was stamped before the producer's clock was set back: it is
 * newer than the newest update, and nearer to `abandoned`, the last id before that.
 */
export function isBeforeSetBack(
  last: HistoryId,
  newest: HistoryId,
  abandoned: HistoryId | undefined,
): boolean {
  return abandoned !== undefined && last.ms > newest.ms && abandoned.ms - last.ms < last.ms - newest.ms;
}
