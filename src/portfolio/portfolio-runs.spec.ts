import { ManualClock, seededRandom } from '../../test/support/manual-clock.js';
import { FIRST_ID, historyId, LAST_ID } from '../history/history-id.js';
import { HistoryReader } from '../history/history-reader.js';
import type { HistoryStore } from '../history/history-store.js';
import { HistoryWriter } from '../history/history-writer.js';
import { MemoryHistoryStore } from '../history/memory-history-store.js';
import { PortfolioRuns } from './portfolio-runs.js';

const STREAM = 'history:portfolio:user-1';
const BOUNDS = { keepMs: 1e9, maxEntries: 1e6, idleMs: 1e9 };
const INTERVAL_MS = 100;
/** Before the clock's time. */
const START = Date.UTC(2026, 0, 1) * 1_000;

const update = (n: number, time = START + n * 1_000, delay = 0) => ({
  ...historyId(time, time + delay),
  value: `${n}`,
  receivedAt: START / 1_000,
});

/** A replica that writes what clients of one user receive on it. */
class Replica {
  readonly runs: PortfolioRuns;
  readonly writer: HistoryWriter;
  readonly errors: string[] = [];
  /** The newest portfolio that it knows. */
  private known = 0;

  constructor(
    store: HistoryStore,
    private readonly clock: ManualClock,
  ) {
    this.runs = new PortfolioRuns(clock, INTERVAL_MS);
    this.writer = new HistoryWriter(store, this.runs, {
      clock,
      intervalMs: INTERVAL_MS,
      bounds: BOUNDS,
      mayWrite: () => true,
      claim: () => undefined,
      onWritten: () => Promise.resolve(),
      yields: (stream) => this.runs.waitsForOthers(stream),
      onAppend: ({ behind }, { stream }) => void (behind || this.runs.appended(stream)),
      onError: (error, stream) => {
        this.errors.push(error.message);
        if (stream !== undefined) this.runs.refused(stream);
      },
    });
  }

  /** @param time when it was published, µs since the epoch */
  hear(n: number, { setBack = false, time = START + n * 1_000 } = {}): void {
    const isNewest = n > this.known || setBack;
    if (isNewest) this.known = n;
    if (this.runs.add(STREAM, this.received(n, time), isNewest)) this.writer.schedule();
  }

  /** Returns false if it is known, or arrives too. */
  find(n: number, time = START + n * 1_000): boolean {
    this.known = Math.max(this.known, n);
    const isNext = this.runs.addFound(STREAM, this.received(n, time));
    if (isNext) this.writer.schedule();
    return isNext;
  }

  private received(n: number, time: number) {
    return { ...update(n, time), receivedAt: this.clock.wallNow() };
  }

  leave(): void {
    this.known = 0;
    this.runs.end(STREAM);
  }
}

function setUp(replicas: number) {
  const clock = new ManualClock();
  const memory = new MemoryHistoryStore(() => clock.wallNow());
  let problem: Error | undefined;
  const store: HistoryStore = {
    append: (runs, bounds) =>
      problem ? Promise.resolve(runs.map(() => problem!)) : memory.append(runs, bounds),
    read: (stream, range) => memory.read(stream, range),
  };
  return {
    clock,
    store,
    all: Array.from({ length: replicas }, () => new Replica(store, clock)),
    stored: async () =>
      (await store.read(STREAM, { from: FIRST_ID, to: LAST_ID, limit: 1e6 })).map(({ value, gap }) =>
        gap ? `gap ${value}` : value,
      ),
    pass: async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed++) {
        clock.advance(1);
        for (let turn = 0; turn < 30; turn++) await Promise.resolve();
      }
    },
    refuse: (error?: Error) => void (problem = error),
  };
}

it('gives a replica that has what came before the time to write it', async () => {
  const { all, stored, pass } = setUp(2);
  const [old, fresh] = all as [Replica, Replica];
  old.hear(1);
  await pass(4 * INTERVAL_MS);
  old.hear(2);
  fresh.find(2);
  for (const replica of all) replica.hear(3);
  // The fresh replica asks the store first.
  fresh.hear(4);
  old.hear(4);
  await pass(INTERVAL_MS);
  expect(await stored()).toEqual(['gap 1', '2', '3', '4']);
  await pass(10 * INTERVAL_MS);
  expect(await stored()).toEqual(['gap 1', '2', '3', '4']);
});

it('does not write before a replica that has waited longer, even if the stream is empty', async () => {
  const { all, stored, pass } = setUp(2);
  const [first, second] = all as [Replica, Replica];
  first.hear(1);
  await pass(2);
  for (const replica of [second, first]) replica.hear(2);
  await pass(10 * INTERVAL_MS);
  expect(await stored()).toEqual(['gap 1', '2']);
});

it('marks a gap only after the grace, if no replica has what came before', async () => {
  const { all, stored, pass } = setUp(1);
  const [replica] = all as [Replica];
  replica.hear(1);
  await pass(4 * INTERVAL_MS);
  replica.leave();
  replica.find(3);
  await pass(3 * INTERVAL_MS - 1);
  expect(await stored()).toEqual(['gap 1']);
  await pass(2);
  expect(await stored()).toEqual(['gap 1', 'gap 3']);
});

it('writes what waits after the user has left, and forgets it then', async () => {
  const { all, stored, pass } = setUp(1);
  const [replica] = all as [Replica];
  replica.hear(1);
  replica.leave();
  await pass(4 * INTERVAL_MS);
  expect(await stored()).toEqual(['gap 1']);
  expect([replica.runs.size, replica.runs.waits, replica.runs.of(STREAM)]).toEqual([0, false, undefined]);
});

it('goes on without a gap if nothing was published until the user came back', async () => {
  const { all, stored, pass } = setUp(1);
  const [replica] = all as [Replica];
  replica.hear(1);
  replica.leave();
  replica.find(1);
  replica.hear(2);
  await pass(4 * INTERVAL_MS);
  replica.leave();
  replica.find(2);
  replica.hear(3);
  await pass(4 * INTERVAL_MS);
  expect(await stored()).toEqual(['gap 1', '2', '3']);
});

it('keeps what waits when the user comes back after a gap, and shows both in a page', async () => {
  const { all, store, stored, pass } = setUp(1);
  const [replica] = all as [Replica];
  replica.hear(1);
  replica.leave();
  replica.find(5);
  replica.hear(6);
  const reader = new HistoryReader(store, replica.runs, () => undefined);
  const page = await reader.updates(
    STREAM,
    { limit: 10 },
    new AbortController().signal,
    ({ value }) => value,
  );
  const shown = page.rows.map(({ row, gap }) => (gap ? `gap ${row}` : row));
  expect(shown).toEqual(['gap 1', 'gap 5', '6']);
  await pass(8 * INTERVAL_MS);
  expect(await stored()).toEqual(shown);
  expect(replica.runs.size).toBe(0);
});

it('takes portfolios that were on the way while a newer one was read', async () => {
  const { all, stored, pass } = setUp(1);
  const [replica] = all as [Replica];
  replica.find(5);
  for (const n of [3, 4, 5, 6]) replica.hear(n);
  await pass(4 * INTERVAL_MS);
  expect(await stored()).toEqual(['gap 3', '4', '5', '6']);
});

it('begins again after the clock of the producer was set back', async () => {
  const { all, stored, pass } = setUp(1);
  const [replica] = all as [Replica];
  replica.hear(7_200_000);
  await pass(4 * INTERVAL_MS);
  replica.hear(1_000, { setBack: true });
  replica.hear(2_000);
  await pass(4 * INTERVAL_MS);
  expect(await stored()).toEqual(['gap 1000', '2000']);
});

it('has the first of portfolios with the same times', () => {
  const { runs } = setUp(1).all[0]!;
  expect(runs.add(STREAM, update(1, START, 20), true)).toBe(true);
  expect(runs.add(STREAM, update(2, START, 20), true)).toBe(false);
  expect(runs.add(STREAM, update(3, START, 10), true)).toBe(false);
  expect(runs.add(STREAM, update(4, START, 30), true)).toBe(true);
});

it('holds a bounded number of portfolios of a user, and of all', () => {
  const { runs } = setUp(1).all[0]!;
  for (let n = 1; n <= 5_000; n++) runs.add(STREAM, update(n), true);
  expect(runs.size).toBeLessThanOrEqual(1_250);
  for (let user = 0; user < 30_000; user++) runs.add(`history:portfolio:${user}`, update(1), true);
  expect(runs.size).toBe(20_000);
  expect(runs.waiting).toHaveLength(20_000);
  expect(runs.of(STREAM)).toBeUndefined();
});

it('gives up a minute after the user has left if the store refuses the stream', async () => {
  const { all, pass, clock, refuse } = setUp(1);
  const [replica] = all as [Replica];
  refuse(new Error('WRONGTYPE'));
  replica.hear(1);
  await pass(INTERVAL_MS);
  replica.leave();
  clock.stall(59_000);
  await pass(2 * INTERVAL_MS);
  expect(replica.runs.size).toBe(1);
  clock.stall(2_000);
  await pass(2 * INTERVAL_MS);
  expect([replica.runs.size, replica.runs.waits, clock.pending]).toEqual([0, false, 0]);
});

/** A user with clients on two replicas, who come and go while portfolios are published. */
async function interleave(seed: number) {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const { all, clock, stored, pass } = setUp(2);
  /** When each portfolio was published, µs since the epoch. */
  const times = [0];
  /** What is on the way to each replica; undefined while no client of the user is there. */
  const queues: (number[] | undefined)[] = [undefined, undefined];
  const reads: (number | undefined)[] = [undefined, undefined];
  const received = new Set<number>();
  /** The portfolios that one replica received directly after the one before. */
  const continued = new Set<number>();
  const last = [NaN, NaN];
  let published = 0;
  const deliver = (index: number, most: number): void => {
    for (const n of queues[index]?.splice(0, most) ?? []) {
      all[index]!.hear(n, { time: times[n]! });
      received.add(n);
      if (last[index] === n - 1) continued.add(n);
      last[index] = n;
    }
  };
  const answer = (index: number): void => {
    const n = reads[index];
    reads[index] = undefined;
    if (n === undefined || n === 0) return;
    if (all[index]!.find(n, times[n])) received.add(n);
    if (queues[index]?.[0] === n + 1) last[index] = n;
  };
  for (let step = 0; step < 150; step++) {
    const index = below(2);
    switch (below(6)) {
      case 0:
        if (queues[index]) {
          all[index]!.leave();
          queues[index] = reads[index] = undefined;
          last[index] = NaN;
        } else {
          queues[index] = [];
        }
        break;
      case 1:
        if (queues[index] && Number.isNaN(last[index])) reads[index] = published;
        break;
      case 2:
        await pass(1 + below(INTERVAL_MS / 4));
        for (const each of [0, 1]) {
          answer(each);
          deliver(each, Infinity);
        }
        await pass(1 + below(INTERVAL_MS / 4));
        break;
      case 3:
        deliver(index, 1 + below(3));
        break;
      default:
        // The store answers before the next portfolio is published.
        for (const each of [0, 1]) answer(each);
        published++;
        times.push(clock.wallNow() * 1_000 + published);
        for (const queue of queues) queue?.push(published);
        await pass(1);
    }
  }
  await pass(10 * INTERVAL_MS);
  return { entries: await stored(), received, continued, runs: all.map(({ runs }) => runs) };
}

it('loses and doubles nothing that a replica received, and marks every gap but no other', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const { entries, received, continued, runs } = await interleave(seed);
    const numbers = entries.map((entry) => Number(entry.replace('gap ', '')));
    expect({ seed, numbers }).toEqual({ seed, numbers: [...received].sort((a, b) => a - b) });
    for (const [index, n] of numbers.entries()) {
      const isGap = entries[index]!.startsWith('gap');
      if (isGap) expect({ seed, n, continued: continued.has(n) }).toEqual({ seed, n, continued: false });
      else expect({ seed, n, before: numbers[index - 1] }).toEqual({ seed, n, before: n - 1 });
    }
    expect(runs.map(({ size }) => size)).toEqual([0, 0]);
  }
});
