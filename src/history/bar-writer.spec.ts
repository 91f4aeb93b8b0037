import { ManualClock, seededRandom } from '../../test/support/manual-clock.js';
import { BarWriter } from './bar-writer.js';
import { barOf, barsOf, MINUTE_MS } from './bars.js';
import { FIRST_ID, type HistoryId, LAST_ID } from './history-id.js';
import type { HistoryStore } from './history-store.js';
import { MemoryHistoryStore } from './memory-history-store.js';

const BOUNDS = { keepMs: 1e12, maxEntries: 1e6, idleMs: 1e12 };
const ALL = { from: FIRST_ID, to: LAST_ID, limit: 1e6 };
const START = Date.UTC(2026, 10, 22);

function setUp(writers: number) {
  const clock = new ManualClock();
  const memory = new MemoryHistoryStore(() => clock.wallNow());
  let problem: Error | undefined;
  let reads = 0;
  const store: HistoryStore = {
    append: (runs, bounds) => (problem ? Promise.reject(problem) : memory.append(runs, bounds)),
    read: (stream, range) => (reads++, problem ? Promise.reject(problem) : memory.read(stream, range)),
  };
  const errors: string[] = [];
  const options = {
    bounds: BOUNDS,
    onWritten: () => undefined,
    onError: ({ message }: Error, stream: string) => errors.push(`${stream}: ${message}`),
  };
  return {
    errors,
    all: Array.from({ length: writers }, () => new BarWriter(store, options)),
    fail: (error?: Error) => void (problem = error),
    reads: () => reads,
    async price(ms: number, value = JSON.stringify({ product: 'A', price: ms % 97 })) {
      const entries = [{ ms: START + ms, seq: 0, value }];
      await memory.append([{ stream: 'history:product:A', entries, follows: FIRST_ID }], BOUNDS);
      await memory.append([{ stream: 'history:product:A', entries }], BOUNDS);
      return new Map<string, HistoryId>([['A', { ms: START + ms, seq: 0 }]]);
    },
    bars: async () => (await memory.read('history:bars:A', ALL)).flatMap(barOf),
    expected: async () => barsOf(await memory.read('history:product:A', ALL)),
  };
}

it('writes each minute once it is over, whichever replicas write, and whatever fails', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const { all, price, bars, expected, fail } = setUp(3);
    let newest = new Map<string, HistoryId>();
    for (let ms = 0; ms < 20 * MINUTE_MS; ms += 1 + Math.floor(random() * 40_000)) {
      newest = await price(ms, random() < 0.05 ? 'of another program' : undefined);
      if (random() < 0.3) fail(random() < 0.5 ? new Error('down') : undefined);
      // At times several replicas believe to be the writer.
      const writing = all.filter(() => random() < 0.4);
      await Promise.all(writing.map((writer) => writer.write(newest)));
    }
    fail();
    await all[0]!.write(newest);
    await all[1]!.write(await price(21 * MINUTE_MS));
    expect(await bars()).toEqual((await expected()).slice(0, -1));
  }
});

it('asks the store once a minute for each product, and reports errors', async () => {
  const { all, price, reads, fail, errors } = setUp(1);
  const writer = all[0]!;
  for (let second = 0; second < 600; second++) await writer.write(await price(second * 1_000));
  expect(reads()).toBeLessThanOrEqual(2 * 11);
  fail(new Error('down'));
  await writer.write(await price(3_600_000));
  expect(errors).toEqual(['history:bars:A: down']);
});
