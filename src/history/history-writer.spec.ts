import { ManualClock, seededRandom } from '../../test/support/manual-clock.js';
import { FIRST_ID, historyId, LAST_ID, timeOfId } from './history-id.js';
import type { HistoryStore } from './history-store.js';
import { HistoryWriter } from './history-writer.js';
import { MemoryHistoryStore } from './memory-history-store.js';
import { RecentHistory } from './recent-history.js';

const STREAM = 'history:product:A';
const BOUNDS = { keepMs: 1e9, maxEntries: 1e6, idleMs: 1e9 };
const START = Date.UTC(2026, 10, 22) * 1_000;

class Replica {
  readonly recent = new RecentHistory();
  readonly errors: string[] = [];
  isWriter = false;
  /** Whether it gives up writing once, rather than marking a gap. */
  mayYield = false;
  gaps = 0;
  claims = 0;
  readonly writer: HistoryWriter;

  constructor(store: HistoryStore, clock: ManualClock) {
    this.writer = new HistoryWriter(store, this.recent, {
      clock,
      intervalMs: 1_000,
      bounds: BOUNDS,
      mayWrite: () => this.isWriter,
      claim: () => this.claims++,
      onWritten: () => Promise.resolve(),
      yields: (_, last) => {
        if (!this.mayYield || !last) return false;
        this.mayYield = this.isWriter = false;
        return true;
      },
      onAppend: ({ gap }) => (this.gaps += gap ? 1 : 0),
      onError: (error) => this.errors.push(error.message),
    });
  }

  hear(n: number, setBack = false): void {
    const id = historyId(START + n, START + n);
    this.recent.add(STREAM, { ...id, value: `${n}`, receivedAt: 0 }, setBack ? 'rebased' : 'newest');
    this.writer.schedule();
  }
}

function setUp(replicas: number) {
  const clock = new ManualClock();
  const memory = new MemoryHistoryStore(() => clock.wallNow());
  let problem: Error | undefined;
  const store: HistoryStore = {
    append: (runs, bounds) => (problem ? Promise.reject(problem) : memory.append(runs, bounds)),
    read: (stream, range) => memory.read(stream, range),
  };
  const stored = async () =>
    (await store.read(STREAM, { from: FIRST_ID, to: LAST_ID, limit: 1e6 })).map(({ value, gap }) =>
      gap ? `gap ${value}` : value,
    );
  const pass = async (ms = 1_000): Promise<void> => {
    clock.advance(ms);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  };
  return {
    clock,
    store,
    all: Array.from({ length: replicas }, () => new Replica(store, clock)),
    stored,
    pass,
    fail: (error?: Error) => void (problem = error),
  };
}

it('writes the updates of an interval together', async () => {
  const { all, stored, pass } = setUp(1);
  const [replica] = all;
  replica!.isWriter = true;
  for (const n of [1, 2, 3]) replica!.hear(n);
  await pass(999);
  expect(await stored()).toEqual([]);
  await pass(1);
  expect(await stored()).toEqual(['gap 1', '2', '3']);
  replica!.hear(4);
  await pass();
  expect(await stored()).toEqual(['gap 1', '2', '3', '4']);
});

it('writes what the last writer has not written, after a change of writer', async () => {
  const { all, stored, pass } = setUp(2);
  const [first, second] = all as [Replica, Replica];
  first.isWriter = true;
  const hear = (n: number) => all.forEach((replica) => replica.hear(n));
  for (let n = 1; n <= 600; n++) hear(n);
  await pass();
  for (let n = 601; n <= 1_200; n++) hear(n);
  first.isWriter = false;
  await pass();
  second.isWriter = true;
  await pass();
  expect(await stored()).toEqual(['gap 1', ...Array.from({ length: 1_199 }, (_, n) => `${n + 2}`)]);
});

it('leaves it to another replica to write what it has not received itself', async () => {
  const { all, stored, pass } = setUp(2);
  const [old, fresh] = all as [Replica, Replica];
  old.isWriter = true;
  old.hear(1);
  await pass();
  old.isWriter = false;
  old.hear(2);
  for (const replica of all) replica.hear(3);
  fresh.isWriter = fresh.mayYield = true;
  await pass();
  expect(await stored()).toEqual(['gap 1']);
  expect(fresh.isWriter).toBe(false);
  old.isWriter = true;
  await pass();
  old.isWriter = false;
  fresh.isWriter = true;
  fresh.hear(4);
  await pass();
  expect(await stored()).toEqual(['gap 1', '2', '3', '4']);
});

it('marks a gap if no replica has received what came before', async () => {
  const { all, stored, pass } = setUp(1);
  const replica = all[0]!;
  replica.isWriter = true;
  replica.hear(1);
  await pass();
  replica.recent.interrupt();
  replica.hear(3);
  replica.hear(4);
  await pass();
  expect(await stored()).toEqual(['gap 1', 'gap 3', '4']);
  expect(replica.gaps).toBe(2);
});

it('keeps updates while the store fails, and marks a gap once it has dropped some', async () => {
  const { all, stored, pass, fail } = setUp(1);
  const replica = all[0]!;
  replica.isWriter = true;
  replica.hear(1);
  await pass();
  fail(new Error('Redis cannot be reached'));
  for (let n = 2; n <= 500; n++) replica.hear(n);
  await pass();
  expect(replica.errors).toEqual(['Redis cannot be reached']);
  fail();
  await pass();
  expect(await stored()).toHaveLength(500);
  fail(new Error('Redis cannot be reached'));
  for (let n = 501; n <= 5_000; n++) replica.hear(n);
  await pass();
  fail();
  await pass();
  const entries = await stored();
  const gap = entries.lastIndexOf(entries.findLast((value) => value.startsWith('gap'))!);
  expect(gap).toBe(500);
  expect(entries.length - gap).toBeLessThanOrEqual(1_250);
  expect(entries.at(-1)).toBe('5000');
});

it('begins the stream again after the clock of the producer was set back', async () => {
  const { all, stored, pass } = setUp(2);
  const [first, second] = all as [Replica, Replica];
  first.isWriter = true;
  const hear = (n: number, setBack = false) => all.forEach((replica) => replica.hear(n, setBack));
  hear(7_200_000_000);
  await pass();
  hear(1_000_000, true);
  hear(2_000_000);
  await pass();
  first.isWriter = false;
  second.isWriter = true;
  hear(3_000_000);
  await pass();
  expect(await stored()).toEqual(['gap 1000000', '2000000', '3000000']);
});

it('never stores an update twice or leaves one out without a mark, whichever replicas write', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const { all, stored, pass, fail } = setUp(3);
    let published = 0;
    const lost = new Set<Replica>();
    for (let step = 0; step < 80; step++) {
      const replica = all[below(3)]!;
      switch (below(7)) {
        case 0:
          // At times no replica is the writer, and at times several believe that they are.
          replica.isWriter = !replica.isWriter;
          break;
        case 1:
          lost.add(replica);
          replica.recent.interrupt();
          break;
        case 2:
          lost.delete(replica);
          break;
        case 3:
          fail(random() < 0.3 ? new Error('down') : undefined);
          break;
        case 4:
          await pass(below(2_000));
          break;
        default:
          for (let count = below(40); count > 0; count--) {
            published++;
            for (const one of all) if (!lost.has(one)) one.hear(published);
          }
      }
    }
    const entries = await stored();
    let last = 0;
    for (const entry of entries) {
      const n = Number(entry.replace('gap ', ''));
      expect(n).toBeGreaterThan(last);
      if (!entry.startsWith('gap ')) expect(n).toBe(last + 1);
      last = n;
    }
  }
});

it('asks for the lease as long as it has something to write', async () => {
  const { all, pass } = setUp(1);
  const replica = all[0]!;
  replica.hear(1);
  await pass(3_000);
  await pass(2_000);
  expect(replica.claims).toBeGreaterThan(1);
  replica.isWriter = true;
  await pass(2_000);
  replica.isWriter = false;
  const { claims } = replica;
  await pass(5_000);
  expect(replica.claims).toBe(claims);
});

it('stops with what waits written, if it is the writer', async () => {
  const { all, clock, stored } = setUp(2);
  all[0]!.isWriter = true;
  for (const replica of all) replica.hear(1);
  await Promise.all(all.map((replica) => replica.writer.stop()));
  expect(await stored()).toEqual(['gap 1']);
  expect(clock.pending).toBe(0);
  expect(timeOfId(historyId(START, START))).toBe(START);
});
