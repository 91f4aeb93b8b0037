import { ManualClock, seededRandom } from '../../test/support/manual-clock.js';
import { barEntry, MINUTE_MS } from './bars.js';
import { firstIdAt, historyId, type HistoryId, lastIdAt } from './history-id.js';
import { HistoryReader } from './history-reader.js';
import type { HistoryEntry, HistoryStore } from './history-store.js';
import { MemoryHistoryStore } from './memory-history-store.js';
import type { PageRequest } from './page.js';
import { RecentHistory } from './recent-history.js';

const PRICES = 'history:product:A';
const BARS = 'history:bars:A';
const BOUNDS = { keepMs: 1e12, maxEntries: 1e6, idleMs: 1e12 };
const START = Date.UTC(2026, 10, 22);

/** Update `n`, `n` seconds after the start. Every third one shares its microsecond with another. */
const idOf = (n: number): HistoryId =>
  historyId((START + (n - (n % 3 === 2 ? 1 : 0)) * 1_000) * 1_000, (START + n * 1_000) * 1_000 + n);
const update = (n: number) => ({
  ...idOf(n),
  value: JSON.stringify({ product: 'A', price: n }),
  receivedAt: 0,
});
const rowOf = ({ value }: HistoryEntry) => {
  const { price } = JSON.parse(value) as { price?: number };
  return price === undefined ? undefined : [price];
};
const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);

function setUp() {
  const clock = new ManualClock();
  const memory = new MemoryHistoryStore(() => clock.wallNow());
  const reads: number[] = [];
  let beforeRead: (() => unknown) | undefined;
  const store: HistoryStore = {
    append: (runs, bounds) => memory.append(runs, bounds),
    read: async (stream, wanted) => {
      await beforeRead?.();
      reads.push(wanted.limit);
      return memory.read(stream, wanted);
    },
  };
  const recent = new RecentHistory();
  const unreadable: HistoryId[] = [];
  const reader = new HistoryReader(store, recent, (_, id) => unreadable.push(id));
  const { signal } = new AbortController();
  return {
    store,
    reads,
    reader,
    unreadable,
    save: (stream: string, entries: readonly Omit<HistoryEntry, 'gap'>[]) =>
      memory.append([{ stream, entries }], BOUNDS),
    hear: (n: number) => recent.add(PRICES, update(n), 'newest'),
    onRead: (work: () => unknown) => void (beforeRead = work),
    /** All pages, in the order in which they were read. */
    async pages(request: PageRequest, between: () => unknown = () => undefined) {
      const all: (readonly number[])[] = [];
      let cursor: string | undefined;
      do {
        const page = await reader.updates(PRICES, { ...request, cursor }, signal, rowOf);
        all.push(page.rows.map(({ row }) => row[0] as number));
        cursor = page.next ?? undefined;
        if (cursor !== undefined) await between();
      } while (cursor !== undefined);
      return all;
    },
    signal,
  };
}

it('joins pages without a seam or a duplicate in both directions, whatever was stored', async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const { save, hear, pages } = setUp();
    const total = 1 + below(60);
    const stored = below(total + 1);
    if (stored > 0) await save(PRICES, range(1, stored).map(update));
    // This replica has received the last updates, some of which are in the store.
    const heard = Math.max(1, stored - below(10)) + (stored === 0 ? 0 : below(2));
    for (const n of range(heard, total)) hear(n);
    const known = range(stored === 0 ? heard : 1, heard <= total ? total : stored);
    const limit = 1 + below(20);
    const back = await pages({ limit });
    expect([...back].reverse().flat()).toEqual(known);
    for (const page of back.slice(0, -1)) expect(page).toHaveLength(limit);
    const [first, last] = [1 + below(total), 1 + below(total)];
    const part = known.filter((n) => {
      const { ms } = idOf(n);
      return ms >= idOf(first).ms && ms <= idOf(last).ms;
    });
    const ends = {
      from: firstIdAt(idOf(first).ms * 1_000),
      to: lastIdAt(idOf(last).ms * 1_000),
    };
    expect((await pages({ ...ends, limit })).flat()).toEqual(part);
    expect([...(await pages({ to: ends.to, limit }))].reverse().flat()).toEqual(
      known.filter((n) => idOf(n).ms <= idOf(last).ms),
    );
  }
});

it('marks the gap before an entry that is left out at the next row', async () => {
  const { save, reader, signal } = setUp();
  await save(PRICES, range(1, 4).map(update));
  const withoutFirst = (entry: HistoryEntry) =>
    entry.seq === idOf(1).seq && entry.ms === idOf(1).ms ? undefined : rowOf(entry);
  const { rows } = await reader.updates(PRICES, { limit: 10 }, signal, withoutFirst);
  expect(rows.map(({ gap }) => gap)).toEqual([true, false, false]);
});

it('reads a long page in chunks, and joins them', async () => {
  const { save, reads, reader, signal } = setUp();
  await save(PRICES, range(1, 4_500).map(update));
  const newest = await reader.updates(PRICES, { limit: 2_500 }, signal, rowOf);
  expect(newest.rows.map(({ row }) => row[0])).toEqual(range(2_001, 4_500));
  expect(reads).toEqual([1_000, 1_000, 501]);
  const oldest = await reader.updates(PRICES, { from: idOf(0), limit: 5_000 }, signal, rowOf);
  expect(oldest.rows.map(({ row }) => row[0])).toEqual(range(1, 4_500));
  expect(oldest.next).toBeNull();
});

it('continues with updates that arrive between two pages, without a seam', async () => {
  const { save, hear, pages } = setUp();
  await save(PRICES, range(1, 20).map(update));
  let next = 21;
  const all = await pages({ from: idOf(1), limit: 7 }, () => {
    if (next <= 23) hear(next++);
  });
  expect(all.flat()).toEqual(range(1, next - 1));
});

it('marks the first update of memory as following a gap if it does not continue the store', async () => {
  const { save, hear, reader, signal } = setUp();
  await save(PRICES, range(1, 5).map(update));
  for (const n of range(7, 9)) hear(n);
  const { rows } = await reader.updates(PRICES, { limit: 10 }, signal, rowOf);
  expect(rows.filter(({ gap }) => gap).map(({ row }) => row[0])).toEqual([1, 7]);
});

it('leaves out entries of another program, and goes on to the next page', async () => {
  const { save, pages, unreadable } = setUp();
  const foreign = (n: number) => ({ ...update(n), value: '{}' });
  await save(PRICES, [...range(1, 3).map(update), ...range(4, 9).map(foreign), ...range(10, 12).map(update)]);
  expect((await pages({ limit: 4 })).flat().sort((a, b) => a - b)).toEqual([1, 2, 3, 10, 11, 12]);
  expect((await pages({ from: idOf(1), limit: 4 })).flat()).toEqual([1, 2, 3, 10, 11, 12]);
  expect(unreadable).toHaveLength(12);
});

it('stops reading when it is aborted', async () => {
  const { save, reads, reader, onRead } = setUp();
  await save(PRICES, range(1, 3_000).map(update));
  const stopping = new AbortController();
  onRead(() => stopping.abort());
  await reader.updates(PRICES, { limit: 3_000 }, stopping.signal, rowOf);
  expect(reads).toHaveLength(1);
});

describe('bars', () => {
  const bar = (minute: number) => ({
    start: START + minute * MINUTE_MS,
    open: 1,
    high: 3,
    low: 1,
    close: 2,
    count: 2,
  });

  it('has complete bars whatever the range is', async () => {
    const { save, hear, reader, signal } = setUp();
    await save(
      BARS,
      range(0, 59).map((minute) => barEntry(bar(minute))),
    );
    for (const n of range(60 * 60, 64 * 60)) hear(n);
    const periodMs = 5 * MINUTE_MS;
    const all = (await reader.bars('A', periodMs, { limit: 100 }, signal)).rows;
    expect(all).toHaveLength(13);
    for (const [fromMs, toMs, first, last] of [
      [periodMs, 3 * periodMs, 1, 3],
      [periodMs - 1, 3 * periodMs + 90_000, 1, 3],
      [periodMs + 1, 4 * periodMs - 1, 2, 3],
      [10 * periodMs + 1, 12 * periodMs + 1, 11, 12],
    ] as const) {
      const [from, to] = [fromMs, toMs].map((ms) => ({ ms: START + ms, seq: 0 }));
      const { rows } = await reader.bars('A', periodMs, { from, to, limit: 100 }, signal);
      expect(rows).toEqual(all.slice(first, last + 1));
    }
  });

  it('joins pages of every period without a seam or a duplicate', async () => {
    const { save, hear, reader, signal } = setUp();
    await save(
      BARS,
      range(0, 300).map((minute) => barEntry(bar(minute))),
    );
    // Two minutes have no bar yet.
    for (const n of range(301 * 60, 302 * 60 + 30)) hear(n);
    for (const minutes of [1, 5, 60]) {
      const periodMs = minutes * MINUTE_MS;
      const expected = range(0, Math.floor(302 / minutes)).map((n) => START + n * periodMs);
      for (const limit of [1, 3, 50]) {
        for (const from of [undefined, { ms: START, seq: 0 }]) {
          const starts: number[][] = [];
          const counts = new Map<number, number>();
          let cursor: string | undefined;
          do {
            const page = await reader.bars('A', periodMs, { from, limit, cursor }, signal);
            starts.push(page.rows.map(({ start }) => start));
            for (const { start, count } of page.rows) counts.set(start, count);
            cursor = page.next ?? undefined;
          } while (cursor !== undefined);
          expect((from ? starts : starts.reverse()).flat()).toEqual(expected);
          // Each bar has all updates of its period.
          expect(counts.get(START)).toBe(2 * minutes);
          expect([...counts.values()].reduce((sum, count) => sum + count)).toBe(2 * 301 + 91);
        }
      }
    }
  });
});
