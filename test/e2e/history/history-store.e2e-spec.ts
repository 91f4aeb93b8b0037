import { Cluster } from 'ioredis';
import { messageOf } from '../../../src/common/message-of.js';
import { FIRST_ID, firstIdAt, type HistoryId, LAST_ID } from '../../../src/history/history-id.js';
import { type HistoryRun, type HistoryStore } from '../../../src/history/history-store.js';
import { MemoryHistoryStore } from '../../../src/history/memory-history-store.js';
import { RedisHistoryStore } from '../../../src/history/redis-history-store.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { endRedisClient, redisClient } from '../../support/redis-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { waitFor } from '../../support/wait.js';

interface Subject {
  readonly store: HistoryStore;
  stop(): Promise<void>;
}

const explain = (error: unknown): Error => new Error(messageOf(error));

const implementations: Record<string, () => Promise<Subject>> = {
  memory: () =>
    Promise.resolve({ store: new MemoryHistoryStore(() => Date.now()), stop: () => Promise.resolve() }),
  'redis, with a prefix': async () => {
    const server = await RedisServer.start();
    const redis = redisClient({ port: server.port, keyPrefix: 'staging:', disconnectTimeout: 100 });
    return {
      store: new RedisHistoryStore(redis, explain),
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
    return {
      store: new RedisHistoryStore(redis, explain),
      stop: () => {
        redis.disconnect();
        return cluster.stop();
      },
    };
  },
};

const START_US = Date.UTC(2026, 10, 22, 4, 43) * 1_000;
const BOUNDS = { keepMs: 60_000, maxEntries: 10_000, idleMs: 60_000 };

/** The id of the update `seconds` after the start. */
const at = (seconds: number): HistoryId => firstIdAt(START_US + seconds * 1_000_000);
const entry = (seconds: number, value = `v${seconds}`) => ({ ...at(seconds), value });

describe.each(Object.entries(implementations))('HistoryStore: %s', (_, make) => {
  let subject: Subject;
  let streams = 0;
  let stream: string;
  beforeAll(async () => void (subject = await make()));
  afterAll(() => subject.stop());
  beforeEach(() => void (stream = `history:product:P${streams++}`));

  const append = async (run: Omit<HistoryRun, 'stream'>, bounds = BOUNDS) => {
    const [result] = await subject.store.append([{ stream, ...run }], bounds);
    if (result === undefined || result instanceof Error) throw result ?? new Error('no result');
    return result;
  };
  const values = async (from = FIRST_ID, to = LAST_ID, limit = 100, newest = false) =>
    (await subject.store.read(stream, { from, to, limit, newest })).map(({ value, gap }) =>
      gap ? `gap ${value}` : value,
    );

  it('appends a run, and marks the first entry of a new stream', async () => {
    await expect(append({ entries: [entry(1), entry(2)] })).resolves.toEqual({
      last: undefined,
      appended: 2,
      behind: false,
      gap: true,
    });
    await expect(values()).resolves.toEqual(['gap v1', 'v2']);
  });

  it('skips entries that it has, from whichever replica they come', async () => {
    await append({ entries: [entry(1), entry(2)] });
    const result = await append({ entries: [entry(1), entry(2), entry(3)] });
    expect(result).toEqual({ last: at(2), appended: 1, behind: false, gap: false });
    await expect(append({ entries: [entry(2, 'other'), entry(3, 'other')] })).resolves.toMatchObject({
      appended: 0,
    });
    await expect(values()).resolves.toEqual(['gap v1', 'v2', 'v3']);
  });

  it('orders updates of the same millisecond and of the same microsecond', async () => {
    const time = START_US + 5;
    const entries = [time, time + 1].flatMap((micros) => [
      { ...firstIdAt(micros), value: `${micros - START_US} first` },
      { ms: firstIdAt(micros).ms, seq: firstIdAt(micros).seq + 20, value: `${micros - START_US} second` },
    ]);
    await append({ entries });
    await expect(append({ entries: [entries[0]!] })).resolves.toMatchObject({ appended: 0 });
    await expect(values()).resolves.toEqual(['gap 5 first', '5 second', '6 first', '6 second']);
  });

  it('appends nothing if it lacks the update before the run', async () => {
    await append({ entries: [entry(1)] });
    await expect(append({ entries: [entry(3)], follows: at(2) })).resolves.toEqual({
      last: at(1),
      appended: 0,
      behind: true,
      gap: false,
    });
    await expect(append({ entries: [entry(3)], follows: at(1) })).resolves.toMatchObject({
      appended: 1,
      gap: false,
    });
    await expect(values()).resolves.toEqual(['gap v1', 'v3']);
    stream += 'EMPTY';
    await expect(append({ entries: [entry(3)], follows: at(2) })).resolves.toMatchObject({ behind: true });
    await expect(values()).resolves.toEqual([]);
  });

  it('marks the entry after updates that no replica can write any more', async () => {
    await append({ entries: [entry(1)] });
    await expect(append({ entries: [entry(5), entry(6)] })).resolves.toMatchObject({
      appended: 2,
      gap: true,
    });
    await expect(values()).resolves.toEqual(['gap v1', 'gap v5', 'v6']);
  });

  it('begins again after the clock of the producer was set back, and only once', async () => {
    await append({ entries: [entry(5_000), entry(5_001)] });
    const abandoned = at(5_001);
    await append({ entries: [entry(10)], abandoned });
    await append({ entries: [entry(10), entry(11)], abandoned });
    await expect(append({ entries: [entry(10)], abandoned })).resolves.toMatchObject({ appended: 0 });
    await expect(values()).resolves.toEqual(['gap v10', 'v11']);
  });

  it('keeps only the earliest entry from a time on', async () => {
    const since = at(10).ms;
    const first = (seconds: number, firstSince = since) => append({ entries: [entry(seconds)], firstSince });
    await append({ entries: [entry(1), entry(2)] });
    await expect(first(12)).resolves.toMatchObject({ appended: 1 });
    await expect(values()).resolves.toEqual(['gap v12']);
    await expect(first(13)).resolves.toEqual({ last: at(12), appended: 0, behind: false, gap: false });
    await expect(first(12)).resolves.toMatchObject({ appended: 0 });
    await expect(values()).resolves.toEqual(['gap v12']);
    await first(11); // of another replica, which has received it earlier
    await expect(values()).resolves.toEqual(['gap v11']);
    await first(20, at(20).ms);
    await expect(values()).resolves.toEqual(['gap v20']);
    await first(15); // the clock of the producer was set back
    await expect(values()).resolves.toEqual(['gap v15']);
  });

  it('reads the oldest or the newest entries of a range, both ends included', async () => {
    await append({ entries: [1, 2, 3, 4, 5].map((n) => entry(n)) });
    await expect(values(at(2), at(4))).resolves.toEqual(['v2', 'v3', 'v4']);
    await expect(values(at(2), LAST_ID, 2)).resolves.toEqual(['v2', 'v3']);
    await expect(values(at(2), at(4), 2, true)).resolves.toEqual(['v3', 'v4']);
    stream += 'NONE';
    await expect(values()).resolves.toEqual([]);
  });

  it('removes entries that are too old or too many, counted from the newest one', async () => {
    const entries = Array.from({ length: 1_000 }, (__, n) => entry(n));
    await append({ entries }, { ...BOUNDS, keepMs: 100_000 });
    // Redis removes whole blocks of entries only.
    const kept = await values(FIRST_ID, LAST_ID, 2_000);
    expect(kept.length).toBeGreaterThanOrEqual(100);
    expect(kept.length).toBeLessThan(300);
    expect(kept.at(-1)).toBe('v999');
    stream += 'LENGTH';
    await append({ entries }, { keepMs: 1e9, maxEntries: 50, idleMs: 60_000 });
    expect((await values(FIRST_ID, LAST_ID, 2_000)).length).toBeLessThan(200);
  });

  it('forgets a stream that gets no more entries', async () => {
    await append({ entries: [entry(1)] }, { ...BOUNDS, idleMs: 50 });
    await waitFor(async () => (await values()).length === 0);
  });

  it('appends to several streams, and returns the outcomes in order', async () => {
    await append({ entries: [entry(1)] });
    const results = await subject.store.append(
      [
        { stream: `${stream}A`, entries: [entry(1), entry(2)] },
        { stream, entries: [entry(1)] },
        { stream: `${stream}B`, entries: [entry(1)], follows: at(0) },
      ],
      BOUNDS,
    );
    expect(results).toMatchObject([{ appended: 2 }, { appended: 0 }, { behind: true }]);
    await expect(subject.store.append([], BOUNDS)).resolves.toEqual([]);
  });
});

describe('RedisHistoryStore', () => {
  it('reports a stream that it cannot write, and writes the others', async () => {
    const server = await RedisServer.start();
    await server.client.set('history:product:TEXT', 'of another program');
    await server.client.xadd('history:product:FOREIGN', '1-1', 'other', 'form');
    const store = new RedisHistoryStore(server.client, explain);
    const results = await store.append(
      [
        { stream: 'history:product:TEXT', entries: [entry(1)] },
        { stream: 'history:product:FOREIGN', entries: [entry(1)] },
      ],
      BOUNDS,
    );
    expect(results).toEqual([
      expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') as string }),
      expect.objectContaining({ appended: 1 }),
    ]);
    const range = { from: FIRST_ID, to: LAST_ID, limit: 10 };
    await expect(store.read('history:product:TEXT', range)).rejects.toThrow('WRONGTYPE');
    await expect(store.read('history:product:FOREIGN', range)).resolves.toMatchObject([
      { ms: 1, seq: 1, value: '', gap: false },
      { value: 'v1', gap: true },
    ]);
    await server.stop();
  });
});
