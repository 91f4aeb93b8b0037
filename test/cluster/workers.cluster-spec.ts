import { readFileSync } from 'node:fs';
import { COLLECT_MS } from '../../src/app/workers/report-collector.js';
import { Crowd } from '../support/crowd.js';
import { FeedClient, ROOMS } from '../support/feed-client.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { NumberedFeed, WORKER } from '../support/numbered-feed.js';
import { PlainClient } from '../support/plain-client.js';
import { SseClient } from '../support/sse-client.js';
import { parsePrometheusText } from '../support/prometheus-text.js';
import { redisClient } from '../support/redis-client.js';
import { RedisServer } from '../support/redis-server.js';
import { SecretFile } from '../support/secret-file.js';
import { from, TestClient, UNCOMPRESSED } from '../support/test-client.js';
import { freePort, waitFor } from '../support/wait.js';

const CLIENTS = 300;
const WORKERS = 2;
/** For longer, a busy machine does not stall one worker, so that all drain at some time together. */
const DRAIN_MS = 6_000;

jest.setTimeout(180_000);

let redis: RedisServer;
let feed: NumberedFeed;
beforeAll(async () => {
  redis = await RedisServer.start();
  const connection = redisClient({ host: '127.0.0.1', port: redis.port, ...WORKER });
  await waitFor(() => connection.status === 'ready');
  feed = new NumberedFeed(connection);
});
afterEach(() => feed.pause());

interface Health {
  readonly status: string;
  readonly clients: number;
  readonly workers: readonly {
    worker: number;
    pid: number;
    state: string;
    status: string;
    clients: number;
  }[];
}

async function startWorkers(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  const gateway = GatewayProcess.spawn({
    REDIS_URL: redis.url,
    PORT: `${await freePort()}`,
    TRANSPORTS: 'websocket',
    WORKERS: `${WORKERS}`,
    DRAIN_TIMEOUT_MS: '2000',
    CACHE_WRITE_INTERVAL_MS: '100',
    ...env,
  });
  await waitFor(
    () => {
      if (gateway.exitCode !== null) throw new Error(gateway.stderr);
      return gateway.logged('workers_serving');
    },
    'the workers do not serve',
    60_000,
  );
  await gateway.ready();
  return gateway;
}

const healthOf = (gateway: GatewayProcess) => gateway.json<Health>('/health');
const pidsOf = async (gateway: GatewayProcess) => (await healthOf(gateway)).workers.map(({ pid }) => pid);
const logged = (gateway: GatewayProcess, msg: string) => gateway.logs.filter((line) => line.msg === msg);
const count = (gateway: GatewayProcess, msg: string) => logged(gateway, msg).length;

/** The clients of each worker, once all workers have told theirs. */
async function spreadOf(gateway: GatewayProcess, clients: number): Promise<readonly number[]> {
  let spread: readonly number[] = [];
  await waitFor(
    async () => {
      spread = (await healthOf(gateway)).workers.map(({ clients: mine }) => mine);
      return spread.reduce((sum, mine) => sum + mine, 0) === clients;
    },
    () => `the workers have ${spread.join(' and ')} clients`,
  );
  return spread;
}

function isRunning(pid: number): boolean {
  try {
    // The state Z is a process that has ended, and waits for its parent to notice.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('under load', () => {
  it('a worker is killed, all are rolled, and all drain: no client loses anything', async () => {
    const port = `${await freePort()}`;
    let gateway = await startWorkers({ PORT: port, DRAIN_TIMEOUT_MS: `${DRAIN_MS}` });
    await feed.touch();
    feed.start();
    const url = gateway.url;
    const crowd = new Crowd(
      Array.from({ length: CLIENTS }, (_, n) =>
        FeedClient.connect(
          url,
          { ...UNCOMPRESSED, transports: ['websocket'], ...from(`127.0.0.${1 + (n % 250)}`) },
          n % 2 === 0,
        ),
      ),
    );
    const settle = async () => {
      await crowd.converge(feed.taken);
      await waitFor(
        async () => {
          const { clients, workers, status } = await healthOf(gateway);
          return clients === CLIENTS && workers.length === WORKERS && status === 'healthy';
        },
        'the clients are not counted',
        60_000,
      );
      const members = () => gateway.metric('socket_gateway_room_members{kind="product"}');
      await waitFor(async () => (await members()) === (ROOMS - 1) * CLIENTS, 'the members are not counted');
      crowd.expectUnharmed();
    };
    await settle();
    expect(Math.min(...(await spreadOf(gateway, CLIENTS)))).toBeGreaterThan(CLIENTS / WORKERS / 2);

    // killed
    const connections = 'socket_gateway_connections_total';
    const countedBefore = await gateway.metric(connections);
    crowd.begin();
    const [victim] = await pidsOf(gateway);
    const left = crowd.disconnects;
    process.kill(victim!, 'SIGKILL');
    await waitFor(() => crowd.disconnects > left, 'no client notices');
    await feed.touch();
    await waitFor(async () => (await pidsOf(gateway)).length === WORKERS, 'it is not replaced', 60_000);
    await settle();
    expect(await gateway.metric('socket_gateway_worker_restarts_total{reason="exited"}')).toBe(1);

    // rolled, and always ready
    crowd.begin();
    const before = await pidsOf(gateway);
    const statuses = new Set<string>();
    process.kill(gateway.pid, 'SIGHUP');
    await waitFor(
      async () => {
        for (const path of ['/health/ready', '/health']) {
          const asked = performance.now();
          const { status } = await gateway.get(path);
          // After this time the gateway answers without a worker that the machine has stalled.
          if (status === 200 || performance.now() - asked < COLLECT_MS) statuses.add(`${path} ${status}`);
        }
        await feed.touch();
        return gateway.logged('workers_rolled');
      },
      'the roll does not end',
      90_000,
    );
    expect([...statuses].sort()).toEqual(['/health 200', '/health/ready 200']);
    await settle();
    // All clients of the old workers came back, and what those counted stays counted.
    await waitFor(
      async () => (await gateway.metric(connections)) >= countedBefore + CLIENTS,
      'connections are no longer counted',
    );
    const after = await pidsOf(gateway);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(await gateway.metric('socket_gateway_worker_restarts_total{reason="exited"}')).toBe(1);

    // drained together, within one window, and another gateway takes over
    crowd.begin();
    expect(await gateway.stop('SIGTERM')).toBe(0);
    // The roll has drained as many before.
    const drains = (msg: string) => logged(gateway, msg).slice(-WORKERS);
    await waitFor(() => count(gateway, 'drain_finished') === 2 * WORKERS, 'not every worker has drained');
    const workersOf = (msg: string) => new Set(drains(msg).map(({ worker }) => worker));
    expect(workersOf('drain_finished')).toEqual(workersOf('drain_started'));
    const times = (msg: string) => drains(msg).map(({ time }) => Number(time));
    expect(Math.max(...times('drain_started'))).toBeLessThan(Math.min(...times('drain_finished')));
    expect(after.filter(isRunning)).toEqual([]);
    expect(count(gateway, 'worker_died')).toBe(1);
    gateway = await startWorkers({ PORT: port });
    await feed.touch();
    await settle();

    crowd.leave();
    feed.pause();
    expect(await gateway.stop('SIGTERM')).toBe(0);
  });
});

it('each update reaches a client of each worker once, and /metrics adds up their deliveries', async () => {
  const gateway = await startWorkers();
  const clients = await Promise.all(
    Array.from({ length: 2 * WORKERS }, () => TestClient.connect(gateway.url, { transports: ['websocket'] })),
  );
  expect(Math.min(...(await spreadOf(gateway, clients.length)))).toBeGreaterThan(0);
  const deliveries = 'socket_gateway_deliveries_total{event="underlying_update"}';
  const before = await gateway.metric(deliveries);
  for (let n = 0; n < 10; n++) await feed.touch();
  await waitFor(() => clients.every((client) => client.all('underlying_update').length >= 10));
  for (const client of clients) {
    const prices = client.all('underlying_update').map(({ price }: { price: number }) => price);
    expect(prices).toEqual([...new Set(prices)].sort((a, b) => a - b));
    expect(prices).toHaveLength(10);
  }
  // A worker that the machine stalls is left out for the moment.
  await waitFor(async () => {
    expect((await gateway.metric(deliveries)) - before).toBe(10 * clients.length);
    const text = await (await gateway.get('/metrics', { accept: 'text/plain' })).text();
    const samples = parsePrometheusText(text);
    expect(samples.get('socket_gateway_connections')).toBe(clients.length);
    expect(samples.get('socket_gateway_workers{state="serving"}')).toBe(WORKERS);
    expect(samples.get('socket_gateway_feed_up')).toBe(1);
    expect(await gateway.json('/metrics')).toMatchObject({
      total_clients: clients.length,
      rooms: { general: clients.length },
    });
    return true;
  });
  for (const client of clients) client.close();
  await gateway.stop();
});

it('plain WebSockets and event streams of each worker receive each update once, and a roll tells them to reconnect', async () => {
  const gateway = await startWorkers({ TRANSPORTS: 'websocket,plain-websocket,sse' });
  const open = () =>
    Promise.all(Array.from({ length: 2 * WORKERS }, () => PlainClient.open(`${gateway.url}/ws`)));
  const clients = await open();
  await Promise.all(clients.map((client) => client.next('connected')));
  const streams = await Promise.all(clients.map(() => SseClient.open(gateway.url, 'rooms=general')));
  for (const stream of streams) await stream.next('subscribed');
  const spread = await spreadOf(gateway, clients.length + streams.length);
  expect(Math.min(...spread)).toBeGreaterThan(0);
  const prices = ({ messages }: PlainClient) =>
    messages.filter(({ event }) => event === 'underlying_update').map(({ data }) => data.price as number);
  const expectEachOnce = async (all: readonly PlainClient[]) => {
    const before = all.map((client) => prices(client).length);
    for (let n = 0; n < 10; n++) await feed.touch();
    await waitFor(() => all.every((client, n) => prices(client).length >= before[n]! + 10));
    all.forEach((client, n) => {
      const own = prices(client).slice(before[n]);
      expect(own).toEqual([...new Set(own)].sort((a, b) => a - b));
      expect(own).toHaveLength(10);
    });
  };
  await expectEachOnce(clients);
  const newest = prices(clients[0]!).slice(-10);
  for (const stream of streams) {
    await waitFor(() => stream.all('underlying_update').at(-1)?.data.price === newest.at(-1));
    const own = stream.all('underlying_update').map(({ data }) => data.price as number);
    expect(own.slice(-10)).toEqual(newest);
  }

  process.kill(gateway.pid, 'SIGHUP');
  await waitFor(() => gateway.logged('workers_rolled'), 'the roll does not end', 90_000);
  await waitFor(() => clients.every(({ closed }) => closed), 'clients of the old workers are left');
  for (const client of clients) {
    expect(client.messages.at(-1)).toEqual({
      event: 'closing',
      data: expect.objectContaining({ code: 'DRAINING', reconnect: true }),
    });
    expect(client.closed).toEqual({ code: 1012, reason: 'DRAINING' });
  }
  for (const stream of streams) {
    await waitFor(() => stream.closed);
    expect(stream.events.at(-1)).toMatchObject({ event: 'closing', data: { code: 'DRAINING' } });
  }
  await gateway.ready();
  const returned = await open();
  await Promise.all(returned.map((client) => client.next('connected')));
  await expectEachOnce(returned);
  await gateway.stop();
});

it('only one worker writes latest:*', async () => {
  // With history, a worker that has just started leaves the lease to one that has received more.
  const gateway = await startWorkers({ HISTORY_SECONDS: '0' });
  const monitor = await redis.client.monitor();
  const writers = new Set<string>();
  let writes = 0;
  monitor.on('monitor', (_time: string, [command, , , key]: string[], source: string) => {
    if (!/^eval/i.test(command ?? '') || !key?.startsWith('latest:')) return;
    writers.add(source);
    writes++;
  });
  await waitFor(async () => {
    await feed.touch();
    return writes >= 10;
  });
  expect(writers.size).toBe(1);
  monitor.disconnect();
  await gateway.stop();
});

it('every line of the log is JSON, and names its worker', async () => {
  const gateway = await startWorkers({ LOG_LEVEL: 'debug' }); // the helper parses each line
  const listening = gateway.logs.filter(({ msg }) => msg === 'socket_gateway_listening');
  expect(listening.map(({ worker }) => worker).sort()).toEqual([1, 2]);
  await gateway.stop();
});

it('a worker that hangs is listed, and does not hold up health or metrics', async () => {
  const gateway = await startWorkers({ ADMIN_PORT: '0' });
  const { workers } = (await (await fetch(`${gateway.adminUrl}/health`)).json()) as Health;
  const hanging = workers[0]!.pid;
  process.kill(hanging, 'SIGSTOP');
  try {
    // The primary passes one connection in two to the worker that hangs.
    const answer = async (path: string) => {
      const tries = [1, 2, 3].map(() =>
        fetch(gateway.adminUrl + path, { headers: { accept: 'text/plain' } }),
      );
      return Promise.any(tries);
    };
    let seen = '';
    await waitFor(
      async () => {
        const health = await answer('/health');
        const statuses = ((await health.json()) as Health).workers.map(({ status }) => status);
        seen = `${health.status} ${statuses.sort().join()}`;
        return seen === '503 healthy,silent';
      },
      () => `the health is ${seen}`,
    );
    await waitFor(async () => (await answer('/health/ready')).status === 200, 'the gateway is not ready');
    await waitFor(async () => {
      const samples = parsePrometheusText(await (await answer('/metrics')).text());
      return samples.get('socket_gateway_workers{state="silent"}') === 1;
    }, 'no worker is silent');
  } finally {
    process.kill(hanging, 'SIGKILL');
  }
  await gateway.stop();
});

it('SIGHUP with a wrong setting rolls nothing, and says why', async () => {
  const level = await SecretFile.create('info\n');
  const gateway = await startWorkers({ LOG_LEVEL_FILE: level.path });
  const before = await pidsOf(gateway);
  await level.write('loud\n');
  process.kill(gateway.pid, 'SIGHUP');
  await waitFor(() =>
    gateway.logs.some(({ msg, worker }) => msg === 'settings_not_reloaded' && worker === undefined),
  );
  expect(await pidsOf(gateway)).toEqual(before);
  expect(gateway.logged('workers_rolling')).toBeUndefined();
  await gateway.stop();
});

it('if the primary is killed, the workers tell their clients, drain and end', async () => {
  const gateway = await startWorkers({ DRAIN_TIMEOUT_MS: '500' });
  const pids = await pidsOf(gateway);
  const client = await TestClient.connect(gateway.url, { transports: ['websocket'] });
  await gateway.stop('SIGKILL');
  await client.next('closing');
  await waitFor(() => !pids.some(isRunning), 'workers are left', 30_000);
  client.close();
});

it('a signal to the whole process group is handled once', async () => {
  const gateway = await startWorkers();
  const pids = await pidsOf(gateway);
  const client = await TestClient.connect(gateway.url, { transports: ['websocket'] });
  for (const pid of [gateway.pid, ...pids]) process.kill(pid, 'SIGINT');
  await client.next('closing'); // with a second signal, a worker would end at once
  expect(await gateway.exit()).toBe(0);
  expect(count(gateway, 'socket_gateway_stopping')).toBe(1 + WORKERS);
  expect(count(gateway, 'worker_died')).toBe(0);
});

it('a second signal ends everything at once', async () => {
  const gateway = await startWorkers({ DRAIN_TIMEOUT_MS: '60000' });
  const pids = await pidsOf(gateway);
  const client = await TestClient.connect(gateway.url, { transports: ['websocket'] });
  process.kill(gateway.pid, 'SIGTERM');
  await waitFor(() => gateway.logged('socket_gateway_stopping'));
  process.kill(gateway.pid, 'SIGTERM');
  expect(await gateway.exit()).toBe(143);
  await waitFor(() => !pids.some(isRunning), 'workers are left');
  client.close();
});

describe('a start that cannot work ends the whole process with one error', () => {
  const failing = async (env: Readonly<Record<string, string>>) => {
    const gateway = GatewayProcess.spawn({
      REDIS_URL: redis.url,
      TRANSPORTS: 'websocket',
      WORKERS: '2',
      ...env,
    });
    expect(await gateway.exit()).toBe(1);
    return gateway.stderr;
  };

  it.each([
    [
      'polling',
      { TRANSPORTS: 'polling,websocket' },
      /^socket-gateway cannot start: WORKERS is "2", but TRANSPORTS has polling.*set TRANSPORTS=websocket,plain-websocket,sse or WORKERS=1\.\n$/,
    ],
    ['the default of TRANSPORTS', { TRANSPORTS: '' }, /TRANSPORTS has polling/],
    [
      '0 workers',
      { WORKERS: '0' },
      /^socket-gateway cannot start: WORKERS is "0", but must be auto or a whole number from 1 to 256\.\n$/,
    ],
    ['a word', { WORKERS: 'all' }, /WORKERS is "all", but must be/],
    [
      'an address of another machine',
      { HOST: '192.0.2.1' },
      /^socket-gateway cannot start: HOST is "192.0.2.1"[^\n]+\n$/,
    ],
  ])('%s', async (_, env, expected) => {
    expect(await failing(env)).toMatch(expected);
  });

  it('a password that Redis refuses', async () => {
    const locked = await RedisServer.start([], 'secret');
    const url = `redis://:wrong@127.0.0.1:${locked.port}/0`;
    expect(await failing({ REDIS_URL: url })).toMatch(/^socket-gateway cannot start: [^\n]+\n$/);
    await locked.stop();
  });

  it('a port in use', async () => {
    expect(await failing({ PORT: `${redis.port}` })).toMatch(
      /^socket-gateway cannot start: PORT is "\d+", but that port is in use\.\n$/,
    );
  });
});

it('WORKERS=1 is a single process', async () => {
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, WORKERS: '1' });
  expect(readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, 'utf8')).toBe('');
  expect((await healthOf(gateway)).workers).toBeUndefined();
  await gateway.stop();
});
