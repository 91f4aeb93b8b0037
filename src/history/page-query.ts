import {
  DEFAULT_HISTORY_ROWS,
  type HistoryRequest,
  type LocalOffset,
  parseTimestamp,
} from '../contract/index.js';
import { cursorOfRequest, cursorTag } from './bound-cursor.js';
import { firstIdAt, lastIdAt } from './history-id.js';
import type { PageRequest } from './page.js';

/** The part of a stream that a request asks for. */
export interface PageQuery {
  readonly range: PageRequest;
  /** The tag of its cursors. */
  readonly tag: string;
}

/**
 * Works out which part of a stream a request asks for.
 * @param identity what distinguishes the pages of this request from all others, besides their times
 * @param offsetOf the offset of the feed's times without a zone
 * @throws HistoryError if the cursor is of another request
 */
export function pageQueryOf(
  { from, to, limit, cursor }: HistoryRequest,
  identity: readonly unknown[],
  offsetOf: LocalOffset | undefined,
): PageQuery {
  const first = parseTimestamp(from, offsetOf);
  const last = parseTimestamp(to, offsetOf);
  const tag = cursorTag([...identity, first, last]);
  const range = {
    from: first === undefined ? undefined : firstIdAt(first),
    to: last === undefined ? undefined : lastIdAt(last),
    cursor: cursorOfRequest(tag, cursor),
    limit: limit ?? DEFAULT_HISTORY_ROWS,
  };
  return { range, tag };
}
