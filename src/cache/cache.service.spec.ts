import 'reflect-metadata';
import type { PinoLogger } from 'nestjs-pino';
import { loadConfig } from '../config/gateway-config.js';
import type { MarketMessage } from '../feed/market-message.js';
import { parseCached } from '../feed/parse-message.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { CacheService } from './cache.service.js';
import { MemoryLatestStore } from './memory-latest-store.js';

const KEY = 'latest:underlying:X';
const price = (second: number) => ({ price: second, timestamp: `2026-11-22T04:43:0${second}` });
const message = (second: number) => parseCached(KEY, JSON.stringify(price(second)), 1_000);

/** A store that can be out of reach. */
class FlakyStore extends MemoryLatestStore {
  down = false;
  reads = 0;

  put(second: number): Promise<void> {
    return this.write([{ key: KEY, value: JSON.stringify(price(second)) }], 60_000);
  }

  override read(keys: readonly string[]): Promise<(string | null)[]> {
    this.reads++;
    return this.down ? Promise.reject(new Error('away')) : super.read(keys);
  }
}

function setUp() {
  const store = new FlakyStore();
  const silent = { info: () => undefined, warn: () => undefined } as unknown as PinoLogger;
  const cache = new CacheService(loadConfig({}), store, new GatewayMetrics(), silent);
  const broadcast: MarketMessage[] = [];
  const refresh = () => cache.refresh((news) => void broadcast.push(news));
  return { store, cache, broadcast, refresh };
}

describe('CacheService.refresh', () => {
  it('broadcasts what is news, and nothing that memory already holds as new', async () => {
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

  it('tries again until the store answers, and only for the last who asked', async () => {
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

  it('ends with the service, though the store never answered', async () => {
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

  it('asks the store once for all who want the same room meanwhile', async () => {
    const { store, cache } = setUp();
    await store.put(1);
    const answers = await Promise.all([1, 2, 3].map(() => cache.fetch(room, cache.snapshot(room))));
    expect(answers.map(([found]) => found?.time)).toEqual(Array(3).fill(message(1).time));
    expect(store.reads).toBe(1);
  });

  it('keeps quiet when the store cannot be read', async () => {
    const { store, cache } = setUp();
    store.down = true;
    await expect(cache.fetch(room, cache.snapshot(room))).resolves.toEqual([]);
  });

  it('withholds what a broadcast was faster with', async () => {
    const { store, cache } = setUp();
    await store.put(1);
    const fetching = cache.fetch(room, cache.snapshot(room));
    cache.remember(message(2));
    await expect(fetching).resolves.toEqual([]);
  });
});
