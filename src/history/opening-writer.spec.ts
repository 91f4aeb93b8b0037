import { ManualClock } from '../../test/support/manual-clock.js';
import { chain, EXPIRY } from '../../test/support/messages.js';
import { chainKey, type ChainMessage } from '../feed/market-message.js';
import { FIRST_ID, LAST_ID } from './history-id.js';
import type { HistoryStore } from './history-store.js';
import { openingStream } from './history-streams.js';
import { MemoryHistoryStore } from './memory-history-store.js';
import { openingRows } from './opening.js';
import { OpeningWriter } from './opening-writer.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 10, 23);

/** How many chains were read. */
let reads = 0;

/** A chain of a time in ms after the start, whose open interest is that time in seconds. */
function chainAt(ms: number, product = 'NIFTY', leg: object = interest(ms)): ChainMessage {
  const message = chain(product, 1);
  const legs = [leg];
  const timestamp = new Date(START + ms).toISOString();
  const update = { ...message, timestamp, strikes: [100], calls: legs, puts: [] };
  const time = (START + ms) * 1_000;
  return {
    kind: 'chain',
    product,
    expiry: EXPIRY,
    key: chainKey(product, EXPIRY),
    time,
    processedTime: time,
    payload: {
      toJSON: () => {
        reads++;
        return update;
      },
    },
  } as unknown as ChainMessage;
}

function interest(ms: number): object {
  return { strike: 100, open_interest: ms / 1_000, last: 1 };
}

class World {
  private readonly readBefore = reads;
  readonly clock = new ManualClock();
  readonly memory = new MemoryHistoryStore(() => this.clock.wallNow());
  readonly errors: unknown[] = [];
  problem: Error | undefined;
  /** Streams that the store refuses. */
  refused = new Set<string>();
  isWriter = true;
  claims = 0;
  written = 0;
  looks = 0;
  appends = 0;
  private readonly store: HistoryStore = {
    append: async (runs, bounds) => {
      this.appends++;
      if (this.problem) throw this.problem;
      const results = await this.memory.append(
        runs.filter(({ stream }) => !this.refused.has(stream)),
        bounds,
      );
      return runs.map(({ stream }) => (this.refused.has(stream) ? new Error('WRONGTYPE') : results.shift()!));
    },
    read: (stream, range) => this.memory.read(stream, range),
  };

  /** How many chains were read. */
  get read(): number {
    return reads - this.readBefore;
  }

  /** A replica. */
  writer(mayWrite = () => this.isWriter): OpeningWriter {
    return new OpeningWriter(this.store, {
      clock: this.clock,
      intervalMs: 1_000,
      // Sessions of a day, from 09:00 on.
      sessionStartAt: (_, ms) => {
        this.looks++;
        return Math.floor((ms - 9 * HOUR) / DAY) * DAY + 9 * HOUR;
      },
      mayWrite,
      claim: () => this.claims++,
      onWritten: (openings) => (this.written += openings),
      onError: (error, stream) => this.errors.push([error.message, stream]),
    });
  }

  async pass(ms = 1_000): Promise<void> {
    for (const end = this.clock.now() + ms; this.clock.now() < end;) {
      this.clock.advance(Math.min(1_000, end - this.clock.now()));
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
  }

  /** The open interest of the opening. */
  async opening(product = 'NIFTY'): Promise<unknown> {
    const range = { from: FIRST_ID, to: LAST_ID, limit: 1, newest: true };
    const [entry] = await this.memory.read(openingStream(product, EXPIRY), range);
    return entry && openingRows(entry)?.[0]?.[2];
  }
}

it('keeps the first chain of each session', async () => {
  const world = new World();
  const writer = world.writer();
  const expectations = [
    [10 * HOUR, 36_000], // The gateway has started during a session.
    [11 * HOUR, 36_000],
    [DAY + 8 * HOUR, 36_000], // before the next one
    [DAY + 9 * HOUR, 118_800],
    [DAY + 9 * HOUR + 1_000, 118_800],
    [DAY + 20 * HOUR, 118_800],
    [2 * DAY + 9 * HOUR + 30, 205_200.03],
  ] as const;
  for (const [ms, expected] of expectations) {
    writer.record(chainAt(ms), 'newest');
    await world.pass();
    expect(await world.opening()).toBe(expected);
  }
  expect(world.written).toBe(3);
  expect(world.appends).toBe(3);
});

it('notices a session that begins within the minute of the chain before', async () => {
  const world = new World();
  const writer = world.writer();
  writer.record(chainAt(9 * HOUR - 1), 'newest');
  writer.record(chainAt(9 * HOUR), 'newest');
  await world.pass();
  expect(await world.opening()).toBe(32_400);
});

it('looks at the schedule once a minute of each chain', () => {
  const world = new World();
  const writer = world.writer();
  for (let ms = 0; ms < 3 * MINUTE; ms += 100) {
    for (const product of ['A', 'B']) writer.record(chainAt(10 * HOUR + ms, product), 'newest');
  }
  expect(world.looks).toBe(6);
});

it('is not replaced after a restart, nor by another replica', async () => {
  const world = new World();
  const first = world.writer();
  first.record(chainAt(10 * HOUR), 'newest');
  await world.pass();
  const others = [world.writer(), world.writer()];
  for (const other of others) other.record(chainAt(11 * HOUR), 'newest');
  await world.pass();
  expect([await world.opening(), world.written, world.appends]).toEqual([36_000, 1, 3]);
});

it('of a replica that becomes the writer only later is the first chain that it received', async () => {
  const world = new World();
  world.isWriter = false;
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR), 'newest');
  await world.pass(5_000);
  expect(await world.opening()).toBeUndefined();
  expect(world.claims).toBeGreaterThan(0);
  writer.record(chainAt(11 * HOUR), 'newest');
  world.isWriter = true;
  await world.pass();
  expect(await world.opening()).toBe(36_000);
});

it('waits while the store cannot be reached', async () => {
  const world = new World();
  world.problem = new Error('connection lost');
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR), 'newest');
  await world.pass(3_000);
  writer.record(chainAt(11 * HOUR), 'newest');
  world.problem = undefined;
  await world.pass();
  expect(await world.opening()).toBe(36_000);
  expect(world.errors).toContainEqual(['connection lost', undefined]);
  expect(world.clock.pending).toBe(0);
});

it('is written of the other chains if the store refuses one', async () => {
  const world = new World();
  world.refused.add(openingStream('A', EXPIRY));
  const writer = world.writer();
  for (const product of ['A', 'B']) writer.record(chainAt(10 * HOUR, product), 'newest');
  await world.pass();
  expect([await world.opening('A'), await world.opening('B')]).toEqual([undefined, 36_000]);
  expect(world.errors).toEqual([['WRONGTYPE', openingStream('A', EXPIRY)]]);
});

it('is written without the lease after a while, in case the replica that had it did not', async () => {
  const world = new World();
  world.isWriter = false;
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR), 'newest');
  await world.pass(10 * MINUTE);
  expect(await world.opening()).toBeUndefined();
  writer.record(chainAt(11 * HOUR), 'newest');
  await world.pass(10 * MINUTE + 1_000);
  expect(await world.opening()).toBe(36_000);
  expect(world.clock.pending).toBe(0);
});

it('costs a replica without the lease one chain in a session', async () => {
  const world = new World();
  const [writer, other] = [world.writer(() => true), world.writer(() => false)];
  for (let minute = 0; minute < 60; minute++) {
    for (const each of [writer, other]) each.record(chainAt(10 * HOUR + minute * MINUTE), 'newest');
    await world.pass(MINUTE);
  }
  expect([world.read, world.written, world.appends]).toEqual([2, 1, 2]);
});

it('waits while the store refuses it, also after a client has missed it', async () => {
  const world = new World();
  const stream = openingStream('NIFTY', EXPIRY);
  world.refused.add(stream);
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR), 'newest');
  await world.pass();
  writer.miss('NIFTY', EXPIRY);
  await world.pass(HOUR);
  expect(world.appends).toBeLessThan(70);
  writer.record(chainAt(11 * HOUR), 'newest');
  world.refused.delete(stream);
  await world.pass(MINUTE);
  expect(await world.opening()).toBe(36_000);
});

it('is given up if the store refuses it for half a day', async () => {
  const world = new World();
  world.refused.add(openingStream('A', EXPIRY));
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR, 'A'), 'newest');
  await world.pass(12 * HOUR + MINUTE);
  expect(world.clock.pending).toBe(0);
});

it('of a session that ended while the feed was lost does not replace the next one', async () => {
  const world = new World();
  const [writer, other] = [world.writer(() => true), world.writer(() => false)];
  other.record(chainAt(DAY + 9 * HOUR - 5_000), 'newest');
  await world.pass();
  other.interrupt();
  writer.record(chainAt(DAY + 9 * HOUR + 1_000), 'newest');
  await world.pass(30 * MINUTE);
  expect(await world.opening()).toBe(118_801);
  // The feed is back.
  other.record(chainAt(DAY + 10 * HOUR), 'newest');
  await world.pass(30 * MINUTE);
  expect(await world.opening()).toBe(118_801);
  expect(world.clock.pending).toBe(0);
});

it('is written after the feed was lost and is back in the same session', async () => {
  const world = new World();
  world.isWriter = false;
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR), 'newest');
  await world.pass();
  writer.interrupt();
  world.isWriter = true;
  await world.pass();
  expect(await world.opening()).toBeUndefined();
  writer.record(chainAt(11 * HOUR), 'newest');
  await world.pass();
  expect(await world.opening()).toBe(36_000);
});

it('waits for a chain that has open interest, and looks at one a minute', async () => {
  const world = new World();
  const writer = world.writer();
  for (let second = 0; second < 150; second++) {
    writer.record(chainAt(10 * HOUR + second * 1_000, 'NIFTY', { strike: 100, last: 1 }), 'newest');
    await world.pass();
  }
  writer.miss('NIFTY', EXPIRY);
  writer.record(chainAt(10 * HOUR + 150_000, 'NIFTY', { strike: 100, last: 1 }), 'newest');
  await world.pass();
  expect([world.read, await world.opening()]).toEqual([3, undefined]);
  writer.record(chainAt(10 * HOUR + 3 * MINUTE), 'newest');
  await world.pass();
  expect(await world.opening()).toBe(36_180);
});

it.each([
  ['by days', 10 * HOUR],
  ['by a day, long after the opening', 4 * DAY + 20 * HOUR],
])('begins again if the clock of the producer was set back %s', async (_, ms) => {
  const world = new World();
  const writer = world.writer();
  writer.record(chainAt(5 * DAY + 10 * HOUR), 'newest');
  writer.record(chainAt(5 * DAY + 20 * HOUR), 'newest');
  await world.pass();
  writer.record(chainAt(ms), 'rebased');
  await world.pass();
  expect(await world.opening()).toBe(ms / 1_000);
});

it('from the future is replaced, also by a replica that was started after the clock was right', async () => {
  const world = new World();
  world.writer().record(chainAt(5 * DAY + 10 * HOUR), 'newest');
  await world.pass();
  world.writer().record(chainAt(10 * HOUR), 'newest');
  await world.pass();
  expect(await world.opening()).toBe(36_000);
});

it('is the earlier one if the clock of the producer was set back within the session', async () => {
  const world = new World();
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR), 'newest');
  writer.record(chainAt(12 * HOUR), 'newest');
  await world.pass();
  writer.record(chainAt(11 * HOUR), 'rebased');
  await world.pass();
  expect(await world.opening()).toBe(36_000);
  writer.record(chainAt(9 * HOUR), 'rebased');
  await world.pass();
  expect(await world.opening()).toBe(32_400);
});

it('that waits for the lease is not replaced by a later one', async () => {
  const world = new World();
  world.isWriter = false;
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR), 'newest');
  await world.pass();
  writer.record(chainAt(12 * HOUR), 'newest');
  writer.record(chainAt(11 * HOUR), 'rebased');
  await world.pass();
  world.isWriter = true;
  await world.pass();
  expect(await world.opening()).toBe(36_000);
});

it('is the earliest chain, although a clock was set back before it was read', async () => {
  const world = new World();
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR), 'newest');
  writer.record(chainAt(12 * HOUR), 'newest');
  writer.record(chainAt(11 * HOUR), 'rebased');
  await world.pass();
  expect(await world.opening()).toBe(36_000);
});

it('of many chains is read in several turns', async () => {
  const world = new World();
  const writer = world.writer();
  for (let n = 0; n < 100; n++) writer.record(chainAt(10 * HOUR, `P${n}`), 'newest');
  await world.pass(50);
  expect(world.read).toBe(0);
  world.clock.advance(950);
  await world.pass(0);
  expect(world.read).toBe(32);
  for (let n = 0; n < 5; n++) await world.pass();
  expect([world.read, world.written]).toEqual([100, 100]);
});

it('is the earliest one of all replicas', async () => {
  const world = new World();
  const [late, early] = [world.writer(), world.writer()];
  late.record(chainAt(10 * HOUR + 1), 'newest');
  await world.pass();
  early.record(chainAt(10 * HOUR), 'newest');
  await world.pass();
  expect(await world.opening()).toBe(36_000);
});

it('that the store has lost is replaced by the next chain, by a replica that notices', async () => {
  const world = new World();
  const [writer, other] = [world.writer(() => true), world.writer(() => false)];
  for (const each of [writer, other]) each.record(chainAt(10 * HOUR), 'newest');
  await world.pass();
  // The other replica still has the first chain.
  world.memory.clear();
  other.miss('NIFTY', EXPIRY);
  await world.pass();
  expect(await world.opening()).toBe(36_000);
  // Now none has it.
  world.memory.clear();
  other.miss('NIFTY', EXPIRY);
  for (const each of [writer, other]) each.record(chainAt(11 * HOUR), 'newest');
  await world.pass();
  expect(await world.opening()).toBe(39_600);
});

it('that was not lost stays, and one that waits to be written too', async () => {
  const world = new World();
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR), 'newest');
  writer.miss('NIFTY', EXPIRY);
  writer.record(chainAt(11 * HOUR), 'newest');
  await world.pass();
  writer.miss('NIFTY', EXPIRY);
  writer.miss('UNKNOWN', EXPIRY);
  writer.record(chainAt(12 * HOUR), 'newest');
  await world.pass();
  expect(await world.opening()).toBe(36_000);
});

it('writes what waits when it stops', async () => {
  const world = new World();
  const writer = world.writer();
  writer.record(chainAt(10 * HOUR), 'newest');
  await writer.stop();
  expect([await world.opening(), world.clock.pending]).toEqual([36_000, 0]);
});

it('is kept of 10,000 chains, and of new ones once others have ended', async () => {
  const world = new World();
  const writer = world.writer();
  for (let n = 0; n < 10_000; n++) writer.record(chainAt(10 * HOUR, `P${n}`), 'newest');
  writer.record(chainAt(10 * HOUR, 'MORE'), 'newest');
  for (let n = 0; n < 330; n++) await world.pass();
  expect([world.written, await world.opening('MORE')]).toEqual([10_000, undefined]);
  await world.pass(25 * HOUR);
  writer.record(chainAt(2 * DAY + 10 * HOUR, 'MORE'), 'newest');
  await world.pass();
  expect(await world.opening('MORE')).toBe(208_800);
});
