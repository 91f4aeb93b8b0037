import type { StoreEntry } from './latest-store.js';
import { MemoryLatestStore } from './memory-latest-store.js';
import { WriteBehind } from './write-behind.js';

class CountingStore extends MemoryLatestStore {
  readonly writes: StoreEntry[][] = [];
  failing = false;

  override write(entries: readonly StoreEntry[], ttlMs: number): Promise<void> {
    if (this.failing) return Promise.reject(new Error('OOM command not allowed'));
    this.writes.push([...entries]);
    return super.write(entries, ttlMs);
  }

  get written(): StoreEntry[] {
    return this.writes.flat();
  }
}

function setUp(store: CountingStore, owner = 'me') {
  const memory = new Map<string, string>();
  const errors: unknown[] = [];
  const writer = new WriteBehind(store, {
    intervalMs: 1_000,
    ttlMs: 60_000,
    owner,
    valueOf: (key) => memory.get(key),
    onWritten: () => undefined,
    onFlushed: () => undefined,
    onError: (error) => errors.push(error),
  });
  const update = (key: string, value: number) => {
    memory.set(key, JSON.stringify({ value }));
    writer.mark(key, key);
  };
  return { memory, writer, errors, update };
}

describe('WriteBehind', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('writes the first update at once, and after that the newest of each key once an interval', async () => {
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

  it('does not write on behalf of a busy feed for ever within one flush', async () => {
    const store = new CountingStore();
    const { update } = setUp(store);
    jest.spyOn(store, 'write').mockImplementation((entries) => {
      store.writes.push([...entries]);
      update('a', store.writes.length); // a message comes while the write is under way
      return Promise.resolve();
    });
    update('a', 0);
    await jest.advanceTimersByTimeAsync(500);
    expect(store.writes).toHaveLength(1);
  });

  it('writes once for all replicas: only the holder of the lease does', async () => {
    const store = new CountingStore();
    const replicas = ['r1', 'r2', 'r3'].map((owner) => setUp(store, owner));
    for (let tick = 0; tick < 10; tick++) {
      for (const { update } of replicas) update('a', tick);
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect(store.written.length).toBeLessThanOrEqual(11);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":9}']);
  });

  it('has another replica write what the holder left undone when it died', async () => {
    const store = new CountingStore();
    await store.acquireLease('dead', 3_000);
    const { update } = setUp(store);
    update('a', 1);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(store.written).toEqual([{ key: 'a', value: '{"value":1}' }]);
  });

  it('forgets what a living holder must have written', async () => {
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

  it('keeps what could not be written and tries again, without holding keys that memory dropped', async () => {
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

  it('flushes at shutdown whoever holds the lease, and gives its own up', async () => {
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

  it('does not overwrite what the worker wrote while the feed was down', async () => {
    const store = new CountingStore();
    const { update, memory, writer } = setUp(store);
    update('a', 1);
    await jest.advanceTimersByTimeAsync(0);
    update('a', 2); // waits for the next flush
    writer.hold();
    await store.write([{ key: 'a', value: '{"value":3}' }], 60_000);
    await jest.advanceTimersByTimeAsync(5_000);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":3}']);
    memory.set('a', '{"value":3}'); // as a refresh does
    writer.release();
    update('a', 4);
    await jest.advanceTimersByTimeAsync(2_000);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":4}']);
  });

  it('does not either where the lease was asked for before that, and is granted when the store answers again', async () => {
    const store = new CountingStore();
    let thaw = (): void => undefined;
    jest
      .spyOn(store, 'acquireLease')
      .mockImplementation(() => new Promise((resolve) => (thaw = () => resolve(true))));
    const { update, writer, memory } = setUp(store);
    update('a', 1);
    await jest.advanceTimersByTimeAsync(0);
    writer.hold();
    await store.write([{ key: 'a', value: '{"value":2}' }], 60_000); // the worker's
    thaw();
    await jest.advanceTimersByTimeAsync(500);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":2}']);
    memory.set('a', '{"value":2}');
    writer.release();
    update('a', 3);
    await jest.advanceTimersByTimeAsync(1_000);
    thaw();
    await jest.advanceTimersByTimeAsync(0);
    await expect(store.read(['a'])).resolves.toEqual(['{"value":3}']);
  });

  it('stops between two batches, too', async () => {
    const store = new CountingStore();
    const { update, writer } = setUp(store);
    const write = jest.spyOn(store, 'write').mockImplementation((entries) => {
      store.writes.push([...entries]);
      writer.hold();
      return Promise.resolve();
    });
    for (let n = 0; n < 40; n++) update(`key-${n}`, n);
    await jest.advanceTimersByTimeAsync(500);
    expect(write).toHaveBeenCalledTimes(1);
    expect(writer.pending).toBe(40 - store.written.length);
  });
});
