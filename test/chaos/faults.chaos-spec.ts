import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { GARBAGE, publishGarbage } from '../support/hostile-neighbour.js';
import { NumberedFeed, TICKING, WORKER } from '../support/numbered-feed.js';
import { redisClient } from '../support/redis-client.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait.js';
import { ChaosCluster, DRAIN_MS, STALE_AFTER_MS } from './support/chaos-cluster.js';
import { ChaosRun, CLIENTS, largestCount } from './support/chaos-run.js';

const REPLICAS = 3;
/** So many clients are behind a separate network, which can stall. */
const FAR_CLIENTS = 30;
const REPETITIONS = 10;

const range = (n: number) => Array.from({ length: n }, (_, index) => index);

let redis: RedisServer;
let worker: Redis;
/** The proxies between each replica and Redis. */
let links: TcpProxy[];
let farNetwork: TcpProxy;
let cluster: ChaosCluster;
let run: ChaosRun;

beforeAll(async () => {
  redis = await RedisServer.start();
  worker = redisClient({ host: '127.0.0.1', port: redis.port, ...WORKER, lazyConnect: true });
  await worker.connect();
  links = await Promise.all(range(REPLICAS).map(() => TcpProxy.start(redis.port)));
  cluster = await ChaosCluster.start(links.map(({ port }) => ({ REDIS_URL: `redis://127.0.0.1:${port}/0` })));
  farNetwork = await TcpProxy.start(Number(new URL(cluster.url).port));
  const far = `http://127.0.0.1:${farNetwork.port}`;
  run = await ChaosRun.start(cluster, new NumberedFeed(worker), (n) => (n < FAR_CLIENTS ? far : cluster.url));
}, 180_000); // 300 clients connect at once, on a machine that may be busy

afterAll(() => void process.stderr.write(run?.report() ?? ''));

/** Every key in Redis, except those of the test. */
const killConnections = async () => {
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
};

describe('Redis', () => {
  it('is killed and comes back empty', () =>
    run.survive('Redis killed, back empty', async (meanwhile) => {
      await redis.kill();
      await delay(2_000);
      meanwhile();
      await redis.restart();
    }));

  it('kills all connections', () =>
    run.survive('CLIENT KILL', async (meanwhile) => {
      await killConnections();
      meanwhile();
    }));

  it('is frozen', () =>
    run.survive('Redis frozen (SIGSTOP)', async (meanwhile) => {
      redis.freeze();
      meanwhile();
      await delay(5_000);
      redis.thaw();
    }));

  it('is full', () =>
    run.survive('Redis full (OOM)', async (meanwhile) => {
      await redis.client.config('SET', 'maxmemory', '1');
      meanwhile();
      await delay(2_000);
      await redis.client.config('SET', 'maxmemory', '0');
    }));

  it('is a read-only replica for a while', async () => {
    const master = await RedisServer.start();
    await run.survive('Redis a read-only replica', async (meanwhile) => {
      await redis.client.replicaof('127.0.0.1', master.port);
      await waitFor(async () => (await redis.client.info('replication')).includes('master_link_status:up'));
      meanwhile();
      await delay(2_000);
      await redis.client.replicaof('NO', 'ONE');
    });
    await master.stop();
  });

  it('rejects the password', () =>
    run.survive('wrong password', async (meanwhile) => {
      await redis.client.config('SET', 'requirepass', 'changed');
      await killConnections();
      await delay(2_000);
      meanwhile();
      await redis.client.config('SET', 'requirepass', '');
    }));
});

it('another program publishes garbage on every Redis channel', async () => {
  const sample = (reason: string) => `socket_gateway_adapter_messages_dropped_total{reason="${reason}"}`;
  const dropped = async () =>
    (await cluster.sum(sample('format'))) + (await cluster.sum(sample('signature')));
  const before = await dropped();
  await run.survive('garbage on every channel', async (meanwhile) => {
    const channels = await publishGarbage(redis.client);
    meanwhile();
    expect(channels).toEqual(expect.arrayContaining(['enriched:underlying', 'enriched:option_chain']));
    expect(channels.filter((name) => name.startsWith('socket-gateway:adapter:')).length).toBe(2 + REPLICAS);
  });
  // Each replica subscribes to the requests, the responses, and its own channel.
  expect((await dropped()) - before).toBe(3 * REPLICAS * GARBAGE.length);
});

describe('the network', () => {
  it('disconnects one replica from Redis', () =>
    run.survive('TCP cut, one replica and Redis', async (meanwhile) => {
      links[0]!.cut();
      meanwhile();
      await delay(2_000);
      links[0]!.mend();
    }));

  it('drops all traffic between the replicas and Redis', () =>
    run.survive('half-open connections to Redis', async (meanwhile) => {
      for (const link of links) link.freeze();
      meanwhile();
      await delay(5_000);
      for (const link of links) link.mend();
    }));

  it('stalls for some clients', () =>
    run.survive(`network of ${FAR_CLIENTS} clients stalls`, async (meanwhile) => {
      farNetwork.freeze();
      meanwhile();
      await delay(2_000);
      farNetwork.mend();
    }));

  it('stalls for some clients until their pings time out', async () => {
    const returned = await run.survive(
      `network of ${FAR_CLIENTS} clients stalls, pings time out`,
      async (meanwhile) => {
        farNetwork.freeze();
        meanwhile();
        await waitFor(
          async () => (await cluster.sum('socket_gateway_connections')) <= CLIENTS - FAR_CLIENTS,
          'no pings time out',
          60_000,
        );
        farNetwork.mend();
      },
      { disconnects: true },
    );
    expect(returned).toHaveLength(FAR_CLIENTS);
  }, 120_000);
});

it('the publisher pauses: every client is told once per product that it is stale, and once that it is live', async () => {
  await run.survive('publisher pauses', async (meanwhile) => {
    run.feed.pause();
    meanwhile();
    await delay(STALE_AFTER_MS);
    await waitForStale();
    run.feed.start();
  });
  for (const { statuses } of run.clients) {
    for (const product of TICKING) {
      const told = statuses.filter((entry) => entry.product === product).map(({ status }) => status);
      // Prices pause again whenever the machine stalls this process, but no status comes twice.
      expect(told.length).toBeGreaterThanOrEqual(2);
      expect(told).toEqual(told.map((_, n) => (n % 2 === 0 ? 'stale' : 'live')));
      expect(told.at(-1)).toBe('live');
    }
  }
});

/** Waits until all clients have received that all ticking products are stale. */
async function waitForStale(): Promise<void> {
  const stale = () =>
    run.clients.reduce(
      (sum, client) => sum + TICKING.filter((product) => client.stale.has(product)).length,
      0,
    );
  await waitFor(
    () => stale() >= CLIENTS * TICKING.length,
    () => `only ${stale()} are considered stale`,
  );
}

describe('a replica', () => {
  it('is replaced, one after the other', async () => {
    /** For each drained replica: how many clients it had, and when it began to drain. */
    const drains: { clients: number; begun: number }[] = [];
    const returned = await run.survive(
      'rolling restart of all',
      async (meanwhile) => {
        for (const replica of cluster.replicas) {
          const clients = await replica.process.metric('socket_gateway_connections');
          drains.push({ clients, begun: performance.now() });
          const exit = replica.process.stop('SIGTERM');
          if (drains.length === 2) meanwhile();
          expect(await exit).toBe(0);
          await replica.replace();
        }
      },
      { disconnects: true },
    );
    expect(returned.length).toBeGreaterThanOrEqual(CLIENTS);
    const shares = drains.map(({ clients, begun }, index) => {
      const until = drains[index + 1]?.begun ?? Infinity;
      const own = returned.filter((at) => at >= begun && at < until);
      return largestCount(own, DRAIN_MS / 10) / clients;
    });
    process.stderr.write(
      `drains of ${drains.map(({ clients }) => clients).join(', ')} clients over ${DRAIN_MS} ms: ` +
        `at most ${shares.map((share) => `${(100 * share).toFixed(1)} %`).join(', ')} came back within a tenth of it\n`,
    );
    // All at once would be 1. A machine that stalls for seconds lets those of these seconds come at once.
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.5);
  }, 120_000);

  it.each([1, 4, 10])('is stopped for %d s under load', (seconds) =>
    run.survive(
      `SIGSTOP of a replica for ${seconds} s`,
      async (meanwhile) => {
        const { pid } = cluster.replicas[2]!.process;
        process.kill(pid, 'SIGSTOP');
        await delay(seconds * 500);
        meanwhile();
        await delay(seconds * 500);
        process.kill(pid, 'SIGCONT');
      },
      { disconnects: true }, // clients whose pings time out are disconnected
    ),
  );

  it('is killed', async () => {
    const before = await cluster.replicas[0]!.process.metric('socket_gateway_connections');
    const returned = await run.survive(
      'SIGKILL of a replica',
      async (meanwhile) => {
        await cluster.replicas[0]!.process.stop('SIGKILL');
        meanwhile();
        await delay(1_000);
        await cluster.replicas[0]!.replace();
      },
      { disconnects: true },
    );
    expect(returned.length).toBeGreaterThanOrEqual(before);
  });

  it('is killed while Redis is', () =>
    run.survive(
      'SIGKILL of a replica and of Redis',
      async (meanwhile) => {
        await Promise.all([redis.kill(), cluster.replicas[1]!.process.stop('SIGKILL')]);
        await delay(1_000);
        meanwhile();
        await Promise.all([redis.restart(), cluster.replicas[1]!.replace()]);
      },
      { disconnects: true },
    ));
});

it(`${REPETITIONS} times over, memory does not grow`, async () => {
  // The sum of all replicas, because clients move between them.
  const heap = async () => {
    const heaps = await Promise.all(cluster.replicas.map((replica) => replica.heap()));
    return heaps.reduce((sum, bytes) => sum + bytes);
  };
  const repetition = () =>
    run.endure(
      async (meanwhile) => {
        for (const link of links) link.cut();
        farNetwork.freeze();
        for (const { socket } of run.clients.slice(0, CLIENTS / 3)) socket.io.engine.close();
        await delay(500);
        for (const link of links) link.mend();
        farNetwork.mend();
        await killConnections();
        await redis.kill();
        meanwhile();
        await redis.restart();
      },
      { disconnects: true },
    );
  for (let n = 0; n < 3; n++) await repetition();
  const before = await heap();
  for (let n = 0; n < REPETITIONS; n++) await repetition();
  const after = await heap();
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  process.stderr.write(
    `heaps of the replicas together: ${megabytes(before)} MB, ${REPETITIONS} faults later ${megabytes(after)} MB\n`,
  );
  expect(after).toBeLessThan(1.05 * before);
}, 180_000);

it('after all clients disconnected nothing is left of them, and the replicas end successfully', async () => {
  await run.stop();
  const exits = await Promise.all(cluster.replicas.map(({ process }) => process.stop()));
  expect(exits).toEqual(range(REPLICAS).map(() => 0));
});
