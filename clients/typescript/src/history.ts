import type { SocketClient } from './client.js';
import type { History, HistoryNumber, HistoryRequest, Timestamp } from './contract/index.js';
import type { HistoryOptions } from './subscription.js';

/** A row of history with the names of its values, such as `price` or `close`. */
export interface HistoryRecord {
  readonly timestamp: Timestamp;
  readonly [column: string]: Timestamp | HistoryNumber;
}

/**
 * The pages of history that a request names, one after the other. The next page is asked for when
 * the loop has used the last one. With `from` they go on to newer rows, otherwise to older ones. An
 * `opening` has one page. Throws what `client.history` rejects with. `timeoutMs` of the options is
 * that of one page.
 */
export async function* historyPages(
  client: Pick<SocketClient, 'history'>,
  request: HistoryRequest,
  options?: HistoryOptions,
): AsyncGenerator<History, void, undefined> {
  let cursor: string | null | undefined = request.cursor;
  do {
    const page = await client.history({ ...request, ...(cursor === undefined ? {} : { cursor }) }, options);
    yield page;
    cursor = page.next;
  } while (cursor !== null);
}

/** The rows of a page, updates or bars, as objects. */
export function recordsOf({ columns, updates, bars }: History): HistoryRecord[] {
  return (updates ?? bars ?? []).map(
    (row) => Object.fromEntries(columns.map((column, at) => [column, row[at]!])) as unknown as HistoryRecord,
  );
}
