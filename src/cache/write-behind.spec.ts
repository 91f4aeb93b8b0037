import type { StoreEntry, WriteOutcome } from './latest-store.js';
import { MemoryLatestStore } from './memory-latest-store.js';
import { type HeldValue, WriteBehind } from './write-behind.js';
import { systemClock } from '../common/clock.js';

class CountingStore extends MemoryLatestStore {
  constructor() {
    super(systemClock.wallNow);
  }

  /** Entries that were written, without those that were left unchanged. */
  readonly written: StoreEntry[] = [];
  writes = 0;
  failing = false;

  override async write(entries: readonly StoreEntry[], ttlMs: number): Promise<WriteOutcome[]> {
    if (this.failing) throw new Error('OOM command not allowed');
    this.writes++;
    const outcomes = await super.write(entries, ttlMs);
    for (const [index, { key, value }] of entries.entries()) {
      if (outcomes[index] === 'written') this.written.push({ key, value });
    }
    return outcomes;
  }

  /** Sets a key unconditionally, as the worker does. */
  put(key: string, value: number): Promise<void> {
    return this.set(key, JSON.stringify({ value }), 60_000);
  }
}

const valueIn = (text: string): number => (JSON.parse(text) as { value: number }).value;

function setUp(store: CountingStore, owner = 'me') {
  const memory = new Map<string, HeldValue>();
  const errors: unknown[] = [];
  const newer: string[] = [];
  const writer = new WriteBehind(store, {
    clock: systemClock,
    intervalMs: 1_000,
    ttlMs: 60_000,
    owner,
    valueOf: (key) => memory.get(key),
    compare: (_, stored, source) => valueIn(stored) - memory.get(source)!.time,
    onWritten: () => undefined,
    onNewer: (keys) => newer.push(...keys),
    onFlushed: () => undefined,
    onError: (error) => errors.push(error),
  });
  const remember = (key: string, value: number) =>
    memory.set(key, { text: JSON.stringify({ value }), time: value });
  const update = (key: string, value: number) => {
    remember(key, value);
    writer.mark(key, key);
  };
  return { memory, writer, errors, newer, remember, update };
}

describe('WriteBehind', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('gets the lease when it is asked to, even with nothing to write', async () => {
    const store = new CountingStore();
    const [{ writer }, { writer: other }] = [setUp(store), setUp(store, 'other')];
    writer.claim();
    await jest.advanceTimersByTimeAsync(0);
    other.claim();
    await jest.advanceTimersByTimeAsync(1_000);
    expect([writer.isWriter, other.isWriter]).toEqual([true, false]);
    // It lets another replica have it, and may get it back.
    writer.yield();
    expect(writer.isWriter).toBe(false);
    other.claim();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(other.isWriter).toBe(true);
    await jest.advanceTimersByTimeAsync(6_000);
    writer.claim();
    await jest.advanceTimersByTimeAsync(1_000);
    expect([writer.isWriter, other.isWriter]).toEqual([true, false]);
    expect(store.writes).toBe(0);
  });

  it('writes the first update at once, and then the newest of each key once per interval', async () => {
    const store = new CountingStore();
    const { update } = setUp(store);
    update('a', 0);
    await jest.advanceTimersByTimeAsync(0);
    expect(store.written).toEqual([{ key: 'a', value: '{"value":0}' }]);

    for (let tick = 1; tick <= 1_000; tick++) {
      update('a', tick);
      update('b', tick);
      await jest.advanceTimersByTimeAsync(1);
    }
    await jest.advanceTimersByTimeAsync(1_000);
    expect(store.written.slice(1)).toEqual([
      { key: 'a', value: '{"value":1000}' },
      { key: 'b', value: '{"value":1000}' },
    ]);
  });

  it('leaves updates that arrive during a flush to the next flush', async () => {
    const store = new CountingStore();
    const { update } = setUp(store);
    jest.spyOn(store, 'write').mockImplementation((entries) => {
      update('a', ++store.writes); // an update arrives while the write is in progress
      return Promise.resolve(entries.map(() => 'written'));
    });
    update('a', 0);
    await jest.advanceTimersByTimeAsync(500);
    expect(store.writes).toBe(1);
  });

  it('writes only on the replica that holds the lease', async () => {
    const store = new CountingStore();
    const replicas = ['r1', 'r2', 'r3'].map((owner) => setUp(store, owner));
    for (let tick = 0; tick < 10; tick++) {
      for (const { update } of replicas) update('a', tick);
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect(store.written.length).toBeLessThanOrEqual(11);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":9}']);
  });

  it('writes the pending updates of a lease holder that died', async () => {
    const store = new CountingStore();
    await store.acquireLease('dead', 3_000);
    const { update } = setUp(store);
    update('a', 1);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(store.written).toEqual([{ key: 'a', value: '{"value":1}' }]);
  });

  it('drops pending updates that a live lease holder must have written', async () => {
    const store = new CountingStore();
    const holder = setInterval(() => void store.acquireLease('holder', 3_000), 500);
    await store.acquireLease('holder', 3_000);
    const { update, writer } = setUp(store);
    update('a', 1);
    await jest.advanceTimersByTimeAsync(8_000);
    expect(writer.pending).toBe(0);
    expect(store.written).toEqual([]);
    clearInterval(holder);
  });

  it('retries failed writes, except for keys that were evicted from memory', async () => {
    const store = new CountingStore();
    const { update, memory, errors, writer } = setUp(store);
    store.failing = true;
    update('a', 1);
    update('gone', 1);
    await jest.advanceTimersByTimeAsync(0);
    memory.delete('gone');
    await jest.advanceTimersByTimeAsync(2_000);
    expect(errors.length).toBeGreaterThanOrEqual(2);
    expect(writer.pending).toBe(1);
    store.failing = false;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(store.written).toEqual([{ key: 'a', value: '{"value":1}' }]);
  });

  it('flushes at shutdown even without the lease, and releases its own', async () => {
    const store = new CountingStore();
    const first = setUp(store, 'first');
    const second = setUp(store, 'second');
    first.update('a', 1);
    await jest.advanceTimersByTimeAsync(0);
    second.update('b', 2);
    await second.writer.stop();
    await expect(store.read(['a', 'b'])).resolves.toEqual(['{"value":1}', '{"value":2}']);
    await first.writer.stop();
    await expect(store.acquireLease('third', 1_000)).resolves.toBe(true);
  });

  it('does not overwrite a value that the worker wrote while the feed was down', async () => {
    const store = new CountingStore();
    const { update, remember, writer } = setUp(store);
    update('a', 1);
    await jest.advanceTimersByTimeAsync(0);
    update('a', 2); // waits for the next flush
    writer.hold();
    await store.put('a', 3);
    await jest.advanceTimersByTimeAsync(5_000);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":3}']);
    remember('a', 3); // as a refresh does
    writer.release();
    update('a', 4);
    await jest.advanceTimersByTimeAsync(2_000);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":4}']);
  });

  it('does not overwrite it either if a lease requested before the outage is granted during it', async () => {
    const store = new CountingStore();
    let thaw = (): void => undefined;
    jest
      .spyOn(store, 'acquireLease')
      .mockImplementation(() => new Promise((resolve) => (thaw = () => resolve(true))));
    const { update, writer, remember } = setUp(store);
    update('a', 1);
    await jest.advanceTimersByTimeAsync(0);
    writer.hold();
    await store.put('a', 2); // written by the worker
    thaw();
    await jest.advanceTimersByTimeAsync(500);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":2}']);
    remember('a', 2);
    writer.release();
    update('a', 3);
    await jest.advanceTimersByTimeAsync(1_000);
    thaw();
    await jest.advanceTimersByTimeAsync(0);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":3}']);
  });

  it('also stops between two batches of a flush', async () => {
    const store = new CountingStore();
    const { update, writer } = setUp(store);
    const write = jest.spyOn(store, 'write').mockImplementation((entries) => {
      store.written.push(...entries);
      writer.hold();
      return Promise.resolve(entries.map(() => 'written'));
    });
    for (let n = 0; n < 40; n++) update(`key-${n}`, n);
    await jest.advanceTimersByTimeAsync(500);
    expect(write).toHaveBeenCalledTimes(1);
    expect(writer.pending).toBe(40 - store.written.length);
  });

  describe('compares the stored value in the step that writes', () => {
    it('and keeps newer values, also in the flush at shutdown, and reports their keys', async () => {
      const store = new CountingStore();
      const { update, writer, newer } = setUp(store);
      await store.put('a', 2);
      update('a', 1);
      await jest.advanceTimersByTimeAsync(1_000);
      expect(newer).toEqual(['a']);
      update('a', 1);
      await writer.stop();
      expect(newer).toEqual(['a', 'a']);
      await expect(store.read(['a'])).resolves.toEqual(['{"value":2}']);
      expect(store.written).toEqual([]);
    });

    it('and replaces older values, regardless of which writer they came from', async () => {
      const store = new CountingStore();
      const { update, newer } = setUp(store);
      await store.put('a', 1);
      update('a', 2);
      await jest.advanceTimersByTimeAsync(1_000);
      update('a', 4);
      await store.put('a', 3);
      await jest.advanceTimersByTimeAsync(1_000);
      await expect(store.read(['a'])).resolves.toEqual(['{"value":4}']);
      expect(newer).toEqual([]);
    });

    it('and does not overwrite a value written between its read and its write', async () => {
      const store = new CountingStore();
      const { update, newer } = setUp(store);
      await store.put('a', 1);
      const read = store.read.bind(store);
      jest.spyOn(store, 'read').mockImplementationOnce(async (keys) => {
        const values = await read(keys);
        await store.put('a', 3);
        return values;
      });
      update('a', 2);
      await jest.advanceTimersByTimeAsync(500);
      await expect(read(['a'])).resolves.toEqual(['{"value":3}']);
      await jest.advanceTimersByTimeAsync(1_000); // the next flush reads again
      expect(newer).toEqual(['a']);
      await expect(read(['a'])).resolves.toEqual(['{"value":3}']);
    });

    it('and needs no read if this replica wrote the stored value', async () => {
      const store = new CountingStore();
      const { update } = setUp(store);
      const read = jest.spyOn(store, 'read');
      for (let tick = 0; tick < 5; tick++) {
        update('a', tick);
        await jest.advanceTimersByTimeAsync(1_000);
      }
      expect(store.written).toHaveLength(5);
      expect(read).not.toHaveBeenCalled();
    });
  });

  it('releases the lease while writes are on hold, so that another replica can write', async () => {
    const store = new CountingStore();
    const { update, writer } = setUp(store, 'cut off');
    const other = setUp(store, 'other');
    update('a', 1);
    await jest.advanceTimersByTimeAsync(0);
    writer.hold();
    other.update('a', 2);
    await jest.advanceTimersByTimeAsync(100);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":2}']);
  });

  it('postpones a flush by one interval if the process was suspended', async () => {
    const store = new CountingStore();
    const { update } = setUp(store);
    update('a', 1);
    await jest.advanceTimersByTimeAsync(0);
    update('a', 2);
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 5_000); // suspended for 5 s
    await jest.advanceTimersByTimeAsync(1_000);
    expect(store.written).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(store.written).toHaveLength(2);
    jest.restoreAllMocks();
  });
});
