import { Cluster } from 'ioredis';
import { fingerprint, type LatestStore } from '../../../src/cache/latest-store.js';
import { MemoryLatestStore } from '../../../src/cache/memory-latest-store.js';
import { RedisLatestStore } from '../../../src/cache/redis-latest-store.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { endRedisClient, redisClient } from '../../support/redis-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { waitFor } from '../../support/wait.js';

interface Subject {
  readonly store: LatestStore;
  /** Writes a key as another program would. */
  seed(key: string, value: string, ttlMs: number): Promise<void>;
  /** The approximate remaining time to live of the key, in ms. */
  ttl(key: string): Promise<number>;
  stop(): Promise<void>;
}

const implementations: Record<string, () => Promise<Subject>> = {
  memory: () => {
    let now = 1_000_000;
    const store = new MemoryLatestStore(() => now);
    return Promise.resolve({
      store,
      seed: (key, value, ttlMs) => store.set(key, value, ttlMs),
      ttl: async (key) => {
        // Advances the clock to find out when the key expires, because the store has no method for
        // that.
        const before = now;
        let value: string | null | Error | undefined;
        do {
          now += 1_000;
          [value] = await store.read([key]);
        } while (value !== null);
        const left = now - before;
        now = before;
        return left;
      },
      stop: () => Promise.resolve(),
    });
  },
  redis: async () => {
    const server = await RedisServer.start();
    return {
      store: new RedisLatestStore(server.client),
      seed: async (key, value, ttlMs) => void (await server.client.set(key, value, 'PX', ttlMs)),
      ttl: (key) => server.client.pttl(key),
      stop: () => server.stop(),
    };
  },
  'redis, with a prefix': async () => {
    const server = await RedisServer.start();
    const redis = redisClient({ port: server.port, keyPrefix: 'staging:', disconnectTimeout: 100 });
    await server.client.set('latest:underlying:SCAN-OF-ANOTHER', '{}');
    await server.client.set('latest:underlying:A', 'of another');
    return {
      store: new RedisLatestStore(redis),
      seed: async (key, value, ttlMs) => void (await server.client.set(`staging:${key}`, value, 'PX', ttlMs)),
      ttl: (key) => server.client.pttl(`staging:${key}`),
      stop: () => {
        endRedisClient(redis);
        return server.stop();
      },
    };
  },
  'redis cluster, with a prefix': async () => {
    const cluster = await RedisCluster.start();
    const redis = new Cluster(
      cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
      { redisOptions: { keyPrefix: 'staging:' } },
    );
    await waitFor(() => redis.status === 'ready');
    await cluster.client.set('latest:underlying:SCAN-OF-ANOTHER', '{}');
    return {
      store: new RedisLatestStore(redis),
      seed: async (key, value, ttlMs) =>
        void (await cluster.client.set(`staging:${key}`, value, 'PX', ttlMs)),
      ttl: (key) => cluster.client.pttl(`staging:${key}`),
      stop: () => {
        redis.disconnect();
        return cluster.stop();
      },
    };
  },
  'redis cluster': async () => {
    const cluster = await RedisCluster.start();
    return {
      store: new RedisLatestStore(cluster.client),
      seed: async (key, value, ttlMs) => void (await cluster.client.set(key, value, 'PX', ttlMs)),
      ttl: (key) => cluster.client.pttl(key),
      stop: () => cluster.stop(),
    };
  },
};

describe.each(Object.entries(implementations))('LatestStore: %s', (_, make) => {
  let subject: Subject;
  beforeAll(async () => void (subject = await make()));
  afterAll(() => subject.stop());

  it('reads the written values in the requested order, with null for unknown keys', async () => {
    const { store } = subject;
    await store.write(
      [
        { key: 'latest:underlying:A', value: '1' },
        { key: 'latest:underlying:B', value: '2' },
      ],
      60_000,
    );
    await expect(store.read(['latest:underlying:B', 'latest:none', 'latest:underlying:A'])).resolves.toEqual([
      '2',
      null,
      '1',
    ]);
    await expect(store.read([])).resolves.toEqual([]);
    const many = Array.from({ length: 20 }, (_, n) => ({ key: `latest:underlying:P${n}`, value: `${n}` }));
    await store.write(many, 60_000);
    await expect(store.read(many.map(({ key }) => key))).resolves.toEqual(many.map(({ value }) => value));
    await store.write([], 60_000);
  });

  it('finds the keys of its prefixes among many others', async () => {
    const { store, seed } = subject;
    for (let i = 0; i < 50; i++) await seed(`latest:option:${i}`, 'x', 60_000);
    const wanted = Array.from({ length: 12 }, (_, n) => `latest:chain:SCAN:2026-11-${n + 10}`);
    wanted.push('latest:underlying:SCAN');
    for (const key of wanted) await seed(key, 'x', 60_000);
    const found: string[] = [];
    for await (const keys of store.scan(['latest:underlying:SCAN', 'latest:chain:SCAN'], 1_000_000))
      found.push(...keys);
    expect([...new Set(found)].sort()).toEqual(wanted);
  });

  it('replaces only the value it was told to replace', async () => {
    const { store, seed } = subject;
    const key = 'latest:underlying:CAS';
    const write = (value: string, replaces?: string) =>
      store.write([{ key, value, replaces: replaces && fingerprint(replaces) }], 60_000);
    await expect(write('first', 'whatever')).resolves.toEqual(['written']);
    await expect(write('first')).resolves.toEqual(['unchanged']);
    await expect(write('second')).resolves.toEqual(['occupied']);
    await expect(write('second', 'third')).resolves.toEqual(['occupied']);
    await expect(store.read([key])).resolves.toEqual(['first']);
    await expect(write('second', 'first')).resolves.toEqual(['written']);
    await seed(key, 'ärger ₹', 60_000);
    await expect(write('third', 'second')).resolves.toEqual(['occupied']);
    await expect(write('third', 'ärger ₹')).resolves.toEqual(['written']);
    await expect(store.read([key])).resolves.toEqual(['third']);
  });

  it('renews the time to live of an unchanged value', async () => {
    const { store, seed, ttl } = subject;
    await seed('latest:underlying:SAME', 'x', 5_000);
    await store.write([{ key: 'latest:underlying:SAME', value: 'x' }], 60_000);
    expect(await ttl('latest:underlying:SAME')).toBeGreaterThan(50_000);
  });

  it('gives the lease to one holder until it is released', async () => {
    const { store } = subject;
    await expect(store.acquireLease('a', 60_000)).resolves.toBe(true);
    await expect(store.acquireLease('a', 60_000)).resolves.toBe(true);
    await expect(store.acquireLease('b', 60_000)).resolves.toBe(false);
    await store.releaseLease('b');
    await expect(store.acquireLease('b', 60_000)).resolves.toBe(false);
    await store.releaseLease('a');
    await expect(store.acquireLease('b', 60_000)).resolves.toBe(true);
    await store.releaseLease('b');
  });

  it('sets the time to live of the values it writes, and never shortens a longer one', async () => {
    const { store, seed, ttl } = subject;
    await seed('latest:underlying:LONG', 'worker', 300_000);
    await seed('latest:underlying:SHORT', 'worker', 5_000);
    for (const name of ['LONG', 'SHORT', 'NEW']) {
      const entry = { key: `latest:underlying:${name}`, value: 'gateway', replaces: fingerprint('worker') };
      await expect(store.write([entry], 60_000)).resolves.toEqual(['written']);
    }
    await expect(store.read(['latest:underlying:LONG', 'latest:underlying:SHORT'])).resolves.toEqual([
      'gateway',
      'gateway',
    ]);
    const near = (ms: number) => [ms - 3_000, ms] as const;
    for (const [name, [low, high]] of [
      ['NEW', near(60_000)],
      ['SHORT', near(60_000)],
      ['LONG', near(300_000)],
    ] as const) {
      const left = await ttl(`latest:underlying:${name}`);
      expect([name, left >= low && left <= high]).toEqual([name, true]);
    }
  });
});

describe('RedisLatestStore', () => {
  let server: RedisServer;
  beforeAll(async () => void (server = await RedisServer.start()));
  afterAll(() => server.stop());

  it('scans tens of thousands of unrelated keys in bounded steps, never with KEYS', async () => {
    const pipeline = server.client.pipeline();
    for (let i = 0; i < 50_000; i++) pipeline.set(`processed:${i}`, 'x');
    pipeline.set('latest:underlying:NIFTY', '{}');
    pipeline.lpush('latest:chain:LIST', 'not a string');
    await pipeline.exec();
    await server.client.config('RESETSTAT');
    const store = new RedisLatestStore(server.client);
    const found: string[] = [];
    for await (const keys of store.scan(['latest:underlying:', 'latest:chain:'], 1_000_000))
      found.push(...keys);
    expect(found).toEqual(['latest:underlying:NIFTY']);
    const stats = await server.client.info('commandstats');
    expect(stats).toContain('cmdstat_scan');
    expect(stats).not.toContain('cmdstat_keys');

    // A limit of 5,000 keys ends the scan after five steps.
    await server.client.config('RESETSTAT');
    for await (const _ of store.scan(['latest:nothing'], 5_000));
    const [, calls] = /cmdstat_scan:calls=(\d+)/.exec(await server.client.info('commandstats')) ?? [];
    expect(calls).toBe('5');
  });

  it('does not add an expiry to a key that has none', async () => {
    await server.client.set('latest:underlying:FOREVER', 'worker');
    await new RedisLatestStore(server.client).write(
      [{ key: 'latest:underlying:FOREVER', value: 'gateway', replaces: fingerprint('worker') }],
      1_000,
    );
    await expect(server.client.pttl('latest:underlying:FOREVER')).resolves.toBe(-1);
  });

  it('returns null for a key that is not a string', async () => {
    await server.client.del('latest:chain:LIST');
    await server.client.lpush('latest:chain:LIST', 'x');
    const store = new RedisLatestStore(server.client);
    await expect(store.read(['latest:chain:LIST'])).resolves.toEqual([null]);
    // The write may replace such a key, because it cannot hold a newer message.
    await expect(store.write([{ key: 'latest:chain:LIST', value: '{}' }], 1_000)).resolves.toEqual([
      'written',
    ]);
  });

  it('rejects while Redis refuses writes', async () => {
    await server.client.config('SET', 'maxmemory', '1');
    const store = new RedisLatestStore(server.client);
    await expect(store.write([{ key: 'latest:underlying:X', value: '1' }], 1_000)).rejects.toThrow('OOM');
    await server.client.config('SET', 'maxmemory', '0');
  });

  it('rejects at once while there is no connection', async () => {
    const redis = redisClient({
      host: '127.0.0.1',
      port: server.port,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      lazyConnect: true,
    });
    await expect(new RedisLatestStore(redis).read(['latest:underlying:X'])).rejects.toThrow();
    redis.disconnect();
    await waitFor(() => redis.status === 'end' || redis.status === 'wait');
  });
});
