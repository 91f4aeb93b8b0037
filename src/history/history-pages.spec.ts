import { FakeClock } from '../../test/support/fake-clock.js';
import { boundCursor, cursorBoundTo, cursorTag, isBoundCursor } from './bound-cursor.js';
import { HistoryPages } from './history-pages.js';
import { HistoryReads } from './history-reads.js';

/** Pages of a history whose reads end only when they are stopped. */
function hanging() {
  const clock = new FakeClock();
  const reads: AbortSignal[] = [];
  const prices = (_: string, __: unknown, signal: AbortSignal) => {
    reads.push(signal);
    return new Promise((resolve) =>
      signal.addEventListener('abort', () => resolve({ rows: [], next: null })),
    );
  };
  const metrics = { historyRequests: { inc: jest.fn() }, historyRows: { inc: jest.fn() } };
  const pages = new HistoryPages(
    { feedRules: {} } as never,
    { enabled: true, prices } as never,
    { knows: () => true } as never,
    new HistoryReads(metrics as never, clock),
  );
  const query = pages.queryOf({ type: 'product', symbol: 'NIFTY' });
  return { clock, reads, metrics, pages, query };
}

it('stops to read when the client has gone, and makes room for the next request', async () => {
  const { reads, metrics, pages, query } = hanging();
  const leaving = Array.from({ length: 9 }, () => new AbortController());
  const answers = leaving.map(({ signal }) => pages.read(query, signal));
  expect(reads).toHaveLength(8);
  leaving[0]!.abort();
  await expect(answers[0]).resolves.toBeUndefined();
  expect(reads.map(({ aborted }) => aborted)).toEqual([true, ...Array<boolean>(8).fill(false)]);
  for (const client of leaving) client.abort();
  await Promise.all(answers);
  await expect(pages.read(query, leaving[0]!.signal)).resolves.toBeUndefined();
  expect(reads).toHaveLength(9);
  expect(metrics.historyRequests.inc).not.toHaveBeenCalled();
});

it('refuses a page that takes too long, and beyond 500 waiting requests at once', async () => {
  const { clock, pages, query } = hanging();
  const read = () => pages.read(query, new AbortController().signal);
  const answers = Array.from({ length: 508 }, () => read().catch((error: unknown) => error));
  const late = { code: 'HISTORY_UNAVAILABLE', more: { retryAfterMs: expect.any(Number) as number } };
  await expect(read()).rejects.toMatchObject(late);
  clock.advance(5_000);
  expect(await Promise.all(answers)).toEqual(Array(508).fill(expect.objectContaining(late)));
});

it('a cursor belongs to the requests with its tag', () => {
  const [tag, other] = [cursorTag(['product', 'A', 1]), cursorTag(['product', 'A', 2])];
  const bound = boundCursor('b1-2', tag);
  expect([cursorBoundTo(tag, bound), cursorBoundTo(other, bound)]).toEqual(['b1-2', undefined]);
  expect(cursorTag(['product', 'A', 1])).toBe(tag);
  expect([bound, 'b1-2', `c1-2-${tag}`, `b1-2-${tag}x`, ''].map(isBoundCursor)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});
