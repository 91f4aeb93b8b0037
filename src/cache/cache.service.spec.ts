import 'reflect-metadata';
import type { PinoLogger } from 'nestjs-pino';
import { chain } from '../../test/support/messages.js';
import { waitFor } from '../../test/support/wait.js';
import { loadConfig } from '../config/gateway-config.js';
import type { MarketMessage } from '../feed/market-message.js';
import { parseCached } from '../feed/parse-message.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { CacheMetrics } from './cache.metrics.js';
import { CacheService } from './cache.service.js';
import { MemoryLatestStore } from './memory-latest-store.js';
import { systemClock } from '../common/clock.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';

const KEY = 'latest:underlying:X';
const price = (second: number) => ({ price: second, timestamp: `2026-11-22T04:43:0${second}` });
const message = (second: number) => parseCached(KEY, JSON.stringify(price(second)), { maxSize: 1_000 });

/** A store that can be made unreachable. */
class FlakyStore extends MemoryLatestStore {
  down = false;
  /** Returns an error for these keys, as a cluster with a missing node does. */
  lacks = new Set<string>();
  reads = 0;

  put(second: number): Promise<void> {
    return this.set(KEY, JSON.stringify(price(second)), 60_000);
  }

  override async read(keys: readonly string[]): Promise<(string | null | Error)[]> {
    this.reads++;
    if (this.down) throw new Error('away');
    const values = await super.read(keys);
    return values.map((value, index) => (this.lacks.has(keys[index]!) ? new Error('no node') : value));
  }
}

function setUp() {
  const store = new FlakyStore(systemClock.wallNow);
  const silent = { info: () => undefined, warn: () => undefined } as unknown as PinoLogger;
  const metrics = new MetricsRegistry();
  const faults = new RateLimitedLog(silent, systemClock.now);
  const cache = new CacheService(
    loadConfig({}),
    store,
    new CacheMetrics(metrics),
    systemClock,
    faults,
    silent,
  );
  const broadcast: MarketMessage[] = [];
  const refresh = () => cache.refresh((news) => void broadcast.push(news));
  return { store, cache, metrics, broadcast, refresh };
}

describe('CacheService.refresh', () => {
  it('broadcasts stored messages that are newer than memory, and no others', async () => {
    const { store, cache, broadcast, refresh } = setUp();
    await store.put(3);
    await refresh();
    await refresh();
    expect(broadcast.map(({ time }) => time)).toEqual([message(3).time]);
    cache.remember(message(5));
    await store.put(4);
    await refresh();
    expect(broadcast).toHaveLength(1);
    await store.put(6);
    await refresh();
    expect(broadcast).toHaveLength(2);
    await cache.stop();
  });

  it('retries until the store can be read, and only for the last call', async () => {
    const { store, cache, broadcast, refresh } = setUp();
    await store.put(1);
    store.down = true;
    const overtaken = [refresh(), refresh(), refresh()];
    const last = refresh();
    await Promise.all(overtaken);
    expect(broadcast).toEqual([]);
    store.down = false;
    await last;
    expect(broadcast).toHaveLength(1);
    await cache.stop();
  });

  it('uses the keys it can read, reports the others as a problem, and retries them', async () => {
    const { store, cache, broadcast, refresh } = setUp();
    const other = KEY.replace(/[^:]+$/, 'OTHER');
    await store.put(1);
    await store.write([{ key: other, value: JSON.stringify(price(1)) }], 60_000);
    store.lacks.add(KEY);
    const refreshed = refresh();
    await waitFor(() => broadcast.length > 0 && cache.problem !== undefined);
    expect(broadcast.map(({ key }) => key)).toEqual([other]);
    expect(cache.problem).toBe('refresh: no node');
    store.lacks.clear();
    await refreshed;
    expect(broadcast.map(({ key }) => key)).toEqual([other, KEY]);
    expect(cache.problem).toBeUndefined();
    await cache.stop();
  });

  it('reads the rooms that have members and are not in memory', async () => {
    const { store, cache, broadcast } = setUp();
    await cache.refresh((news) => void broadcast.push(news));
    await store.put(1);
    await cache.refresh(
      (news) => void broadcast.push(news),
      0,
      () => [{ type: 'product', symbol: KEY.split(':').at(-1)! }],
    );
    expect(broadcast).toHaveLength(1);
    await cache.stop();
  });

  it('reads the rooms in batches, so that other work can run in between', async () => {
    const { store, cache } = setUp();
    const reads: number[] = [];
    const rooms = Array.from({ length: 1_000 }, (_, n) => ({
      get type() {
        reads[n] ??= store.reads;
        return 'chain' as const;
      },
      symbol: `P${n}`,
    }));
    await cache.refresh(
      () => undefined,
      0,
      () => rooms,
    );
    expect(reads[999]).toBeGreaterThan(10);
    expect(store.reads).toBeGreaterThan(30);
    await cache.stop();
  });

  it('ends when the service stops, even if the store was never reachable', async () => {
    const { store, cache, refresh } = setUp();
    await store.put(1);
    store.down = true;
    const endless = refresh();
    await cache.stop();
    await endless;
  });
});

describe('CacheService.fetch', () => {
  const room = { type: 'product', symbol: 'X' } as const;

  it('reads the store once for all concurrent requests of one room', async () => {
    const { store, cache } = setUp();
    await store.put(1);
    const answers = await Promise.all([1, 2, 3].map(() => cache.fetch(room, cache.snapshot(room))));
    expect(answers.map(([found]) => found?.time)).toEqual(Array(3).fill(message(1).time));
    expect(store.reads).toBe(1);
  });

  it('returns nothing if the store cannot be read', async () => {
    const { store, cache } = setUp();
    store.down = true;
    await expect(cache.fetch(room, cache.snapshot(room))).resolves.toEqual([]);
  });

  it('returns a message only if it is newer than that of the snapshot', async () => {
    const { store, cache } = setUp();
    cache.remember(message(1));
    const snapshot = cache.snapshot(room);
    await store.put(2);
    await expect(cache.fetch(room, snapshot)).resolves.toMatchObject([{ time: message(2).time }]);
    await expect(cache.fetch(room, cache.snapshot(room))).resolves.toEqual([]);
    await cache.stop();
  });

  it('does not return a message if a newer one was broadcast during the read', async () => {
    const { store, cache } = setUp();
    await store.put(1);
    const fetching = cache.fetch(room, cache.snapshot(room));
    cache.remember(message(2));
    await expect(fetching).resolves.toEqual([]);
  });
});

describe('CacheService.fetch', () => {
  it('limits how many look-ups run and wait, and rejects the others', async () => {
    const { store, cache, metrics } = setUp();
    const room = (n: number) => ({ type: 'product', symbol: `P${n}` }) as const;
    const fetch = (n: number) => cache.fetch(room(n), cache.snapshot(room(n)));
    let answer!: () => void;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    let asked = 0;
    store.read = async (keys) => {
      asked++;
      await answered;
      return keys.map(() => JSON.stringify(price(1)));
    };

    const fetches = Array.from({ length: 1_100 }, (_, n) => fetch(n));
    const again = fetch(0); // shares the look-up that is already running
    expect(asked).toBe(32);
    await expect(fetches[1_032]).resolves.toEqual([]);
    expect(await metrics.text()).toContain('socket_gateway_cache_store_reads_refused_total 68');
    answer();
    const found = await Promise.all([...fetches, again]);
    expect(found.filter((messages) => messages.length === 1)).toHaveLength(1_033);
    expect(asked).toBe(1_032);
    await expect(fetch(1_099)).resolves.toHaveLength(1); // a rejected room can be looked up later
  });
});

describe('CacheService.fetch, for all chains of a product', () => {
  const room = { type: 'chain', symbol: 'SPY' } as const;
  const keyOf = (expiry: string) => `latest:chain:SPY:${expiry}`;
  const text = (expiry: string) => JSON.stringify(chain('SPY', 1, expiry));
  const searches = async (metrics: MetricsRegistry) =>
    /^socket_gateway_cache_store_searches_total (\d+)$/m.exec(await metrics.text())?.[1];

  it('finds chains that were stored after the refresh, and broadcasts them once', async () => {
    const { store, cache, metrics, broadcast, refresh } = setUp();
    await refresh();
    await store.set(keyOf('2026-12-08'), text('2026-12-08'), 60_000);
    await store.set(keyOf('2026-12-01'), text('2026-12-01'), 60_000);
    const found = await Promise.all([cache.fetch(room, cache.snapshot(room)), cache.find(room)]);
    // Members of the room have received the broadcast, and others read them from memory.
    expect(found.map((messages) => messages?.length)).toEqual([0, 2]);
    expect(broadcast.map(({ key }) => key)).toEqual([keyOf('2026-12-01'), keyOf('2026-12-08')]);
    await expect(cache.find({ type: 'chain', symbol: 'NONE' })).resolves.toEqual([]);
    expect(await searches(metrics)).toBe('1');
    await cache.stop();
  });

  it('does not search before the first refresh, for one expiry, or if memory has a chain', async () => {
    const { store, cache, metrics, refresh } = setUp();
    await cache.find(room);
    await refresh();
    await cache.find({ ...room, expiry: '2026-12-01' });
    await store.set('latest:chain:SPY', text('2026-12-01'), 60_000);
    await expect(cache.find(room)).resolves.toHaveLength(1);
    expect(await searches(metrics)).toBe('0');
    await cache.stop();
  });
});
