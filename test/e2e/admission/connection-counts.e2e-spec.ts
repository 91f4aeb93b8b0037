import type { Cluster, Redis } from 'ioredis';
import { systemClock } from '../../../src/common/clock.js';
import { RedisWithDeadline } from '../../../src/redis/redis-with-deadline.js';
import { type ConnectionCounts, MemoryConnectionCounts } from '../../../src/limits/connection-counts.js';
import { RedisConnectionCounts, REPLICAS_KEY } from '../../../src/limits/redis-connection-counts.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { RedisServer } from '../../support/redis-server.js';
import { waitFor } from '../../support/wait.js';

const SECRET = 'a secret of the test';

interface Subject {
  readonly counts: ConnectionCounts;
  stop(): Promise<void>;
}

/** The part of the store that belongs to one replica. */
function replica(redis: Redis | Cluster, faults: unknown[] = []): RedisConnectionCounts {
  return new RedisConnectionCounts(
    new RedisWithDeadline(redis, systemClock, (error) => faults.push(error)),
    SECRET,
    systemClock,
  );
}

function shared(redis: Redis | Cluster, stop: () => Promise<void>): Subject {
  const counts = replica(redis);
  return { counts, stop: () => counts.close().then(stop) };
}

const implementations: Record<string, () => Promise<Subject>> = {
  memory: () => Promise.resolve({ counts: new MemoryConnectionCounts(), stop: () => Promise.resolve() }),
  redis: async () => {
    const server = await RedisServer.start();
    return shared(server.client, () => server.stop());
  },
  'redis cluster': async () => {
    const cluster = await RedisCluster.start();
    return shared(cluster.client, () => cluster.stop());
  },
};

describe.each(Object.entries(implementations))('ConnectionCounts: %s', (_, make) => {
  let subject: Subject;
  beforeAll(async () => void (subject = await make()));
  afterAll(() => subject.stop());

  it('counts up to the limit, and accepts more after a release', async () => {
    const { counts } = subject;
    expect(await counts.take('user', 'a', 2)).toBe(true);
    expect(await counts.take('user', 'a', 2)).toBe(true);
    expect(await counts.take('user', 'a', 2)).toBe(false);
    expect(await counts.take('user', 'a', 2)).toBe(false);
    counts.release('user', 'a');
    expect(await counts.take('user', 'a', 2)).toBe(true);
    expect(await counts.take('user', 'a', 2)).toBe(false);
    expect(await counts.take('user', 'a', 3)).toBe(true);
  });

  it('counts each address and each user separately', async () => {
    const { counts } = subject;
    for (const kind of ['ip', 'user'] as const) {
      for (const key of ['b', 'c', '', '__proto__', 'b:c'])
        expect(await counts.take(kind, key, 1)).toBe(true);
    }
    expect(await counts.take('ip', 'b', 1)).toBe(false);
  });

  it('stays within the limit when many connections arrive at once', async () => {
    const { counts } = subject;
    const answers = await Promise.all(Array.from({ length: 50 }, () => counts.take('ip', 'd', 7)));
    expect(answers.filter(Boolean)).toHaveLength(7);
    for (let n = 0; n < 7; n++) counts.release('ip', 'd');
    expect(await counts.take('ip', 'd', 1)).toBe(true);
  });

  it('ignores an extra release', async () => {
    const { counts } = subject;
    counts.release('user', 'e');
    counts.release('user', 'e');
    expect(await counts.take('user', 'e', 1)).toBe(true);
    expect(await counts.take('user', 'e', 1)).toBe(false);
  });
});

describe('RedisConnectionCounts', () => {
  let server: RedisServer;
  beforeEach(async () => void (server = await RedisServer.start()));
  afterEach(() => server.stop());

  it('counts the connections of all replicas, under names that reveal nothing', async () => {
    const [one, two] = [replica(server.client), replica(server.client)];
    expect(await one.take('user', 'jane@example.com', 2)).toBe(true);
    expect(await two.take('user', 'jane@example.com', 2)).toBe(true);
    expect(await one.take('user', 'jane@example.com', 2)).toBe(false);
    two.release('user', 'jane@example.com');
    expect(await one.take('user', 'jane@example.com', 2)).toBe(true);
    const keys = await server.client.keys('*');
    expect(keys.sort()).toEqual([
      expect.stringMatching(/^socket-gateway:connections:user:[0-9a-f]{32}$/),
      REPLICAS_KEY,
    ]);
    expect(await server.client.pttl(keys[0]!)).toBeGreaterThan(1_000_000);
    one.release('user', 'jane@example.com');
    one.release('user', 'jane@example.com');
    await waitFor(async () => (await server.client.exists(keys[0]!)) === 0, 'the count stays');
    await one.close();
    await two.close();
  });

  it('keeps no entry of a connection that was rejected while another one was released', async () => {
    const [one, two] = [replica(server.client), replica(server.client)];
    expect(await two.take('user', 'a', 2)).toBe(true);
    expect(await one.take('user', 'a', 2)).toBe(true);
    const refused = one.take('user', 'a', 2);
    // writes a count that still includes the connection that is about to be rejected
    one.release('user', 'a');
    expect(await refused).toBe(false);
    two.release('user', 'a');
    const left = () => server.client.keys('socket-gateway:connections:*');
    await waitFor(async () => (await left()).length === 0, 'a count stays');
    await one.close();
    await two.close();
  });

  it('no longer counts the connections of a replica that was closed', async () => {
    const [one, two] = [replica(server.client), replica(server.client)];
    expect(await one.take('ip', 'x', 1)).toBe(true);
    expect(await two.take('ip', 'x', 1)).toBe(false);
    await one.close();
    await waitFor(() => two.take('ip', 'x', 1), 'its count stays');
    await two.close();
  });

  it('uses only its own counts while Redis is away, and updates Redis afterwards', async () => {
    const faults: unknown[] = [];
    const [one, two] = [replica(server.client, faults), replica(server.client)];
    expect(await one.take('user', 'a', 9)).toBe(true);
    await server.kill();
    await waitFor(() => server.client.status !== 'ready');
    expect(await one.take('user', 'a', 3)).toBe(true);
    expect(await one.take('user', 'a', 3)).toBe(true);
    expect(await one.take('user', 'a', 3)).toBe(false);
    expect(await two.take('user', 'a', 3)).toBe(true);
    two.release('user', 'a');
    await server.restart();
    const [key] = await waitForKeys(server, 'socket-gateway:connections:*');
    await waitFor(async () => (await server.client.hvals(key!)).join() === '3', 'it was not written');
    expect(await two.take('user', 'a', 3)).toBe(false);
    await one.close();
    await two.close();
  });

  it('does not wait for a Redis that is frozen', async () => {
    const faults: unknown[] = [];
    const one = replica(server.client, faults);
    await one.take('user', 'a', 9);
    server.freeze();
    expect(await one.take('user', 'a', 2)).toBe(true);
    const known = faults.length; // a heartbeat may have failed as well
    expect(known).toBeGreaterThan(0);
    expect(await one.take('user', 'a', 2)).toBe(false);
    expect(faults).toHaveLength(known); // the second connection did not have to wait
    server.thaw();
    one.release('user', 'a');
    const [key] = await waitForKeys(server, 'socket-gateway:connections:*');
    await waitFor(async () => (await server.client.hvals(key!)).join() === '1', 'it was not written');
    await one.close();
  });
});

async function waitForKeys(server: RedisServer, pattern: string): Promise<string[]> {
  let keys: string[] = [];
  await waitFor(async () => (keys = await server.client.keys(pattern)).length > 0, `no ${pattern}`);
  return keys;
}
