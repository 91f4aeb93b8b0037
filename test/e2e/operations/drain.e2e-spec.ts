import { once } from 'node:events';
import { join } from 'node:path';
import WebSocket from 'ws';
import { repeat } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { expectRefused, HANDSHAKES } from '../../support/handshake.js';
import { underlying } from '../../support/messages.js';
import { UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const FAULTS = join(__dirname, '../../support/faults.cjs');

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());
afterEach(() => redis.client.flushall());

/** The largest share of `times` that falls into any interval of `length`. */
function largestShare(times: readonly number[], length: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  const counts = sorted.map(
    (from, index) => sorted.filter((at, n) => n >= index && at < from + length).length,
  );
  return Math.max(...counts) / times.length;
}

/** Publishes numbered prices of one product, 10 a second, until it is stopped. */
function publishPrices(product: string) {
  let last = 0;
  const stop = repeat(
    () => redis.client.publish(UNDERLYING, JSON.stringify(underlying(product, ++last))),
    100,
  );
  return {
    get last() {
      return last;
    },
    stop,
  };
}

/**
 * A stock client that reconnects by itself. After it lost its first replica, it uses another one,
 * as behind a load balancer.
 */
class Wanderer {
  /** The time when it was connected again, in ms. */
  returnedAt: number | undefined;
  /** How long the stock client waited before it reconnected, in ms. */
  stayedAway: number | undefined;
  /** The WebSocket close code of its first connection. */
  closeCode: number | undefined;

  private constructor(
    readonly client: TestClient,
    other: string,
  ) {
    const { io: manager } = client.socket;
    const { backoff } = manager as unknown as { backoff: { duration(): number } };
    const duration = backoff.duration.bind(backoff);
    backoff.duration = () => {
      const ms = duration();
      this.stayedAway ??= ms;
      return ms;
    };
    const { ws } = manager.engine.transport as unknown as { ws?: WebSocket };
    ws?.once('close', (code: number) => (this.closeCode = code));
    client.socket.on('disconnect', () => {
      (manager as unknown as { uri: string }).uri = other;
      client.received.push({ event: '(disconnected)', payload: undefined });
    });
    client.socket.on('connected', () => (this.returnedAt = performance.now()));
  }

  static async connect(url: string, other: string, transport: string): Promise<Wanderer> {
    const client = await TestClient.connect(url, { ...TRANSPORTS[transport], reconnection: true });
    const upgraded = transport.includes('upgrades') ? 'websocket' : transport;
    await waitFor(() => client.socket.io.engine.transport.name === upgraded, 'it did not upgrade');
    return new Wanderer(client, other);
  }

  /** The numbers of the prices that it received on its first connection, and afterwards. */
  prices(): [number[], number[]] {
    const cut = this.client.received.findIndex(({ event }) => event === '(disconnected)');
    const numbers = (from: number, to?: number) =>
      this.client.received
        .slice(from, to)
        .filter(({ event }) => event === 'underlying_update')
        .map(({ payload }) => (payload as { price: number }).price);
    return [numbers(0, cut), numbers(cut)];
  }
}

describe('a replica that shuts down with 300 clients', () => {
  const WINDOW_MS = 15_000;
  const KINDS = ['websocket', 'polling', 'polling that upgrades'];

  it('moves them to another replica, a few at a time, and sends prices until the last moment', async () => {
    const env = { REDIS_URL: redis.url, DRAIN_TIMEOUT_MS: `${WINDOW_MS}`, CACHE_WRITE_INTERVAL_MS: '60000' };
    const leaving = await GatewayProcess.start(env);
    const staying = await GatewayProcess.start({ REDIS_URL: redis.url });
    const wanderers: Wanderer[] = [];
    for (let group = 0; group < 10; group++) {
      wanderers.push(
        ...(await Promise.all(
          Array.from({ length: 30 }, (_, n) =>
            Wanderer.connect(leaving.url, staying.url, KINDS[n % KINDS.length]!),
          ),
        )),
      );
    }
    for (const { client } of wanderers) client.clear();
    const prices = publishPrices('NIFTY');
    await Promise.all(wanderers.map(({ client }) => client.next('underlying_update')));

    const exit = leaving.stop('SIGTERM');
    await waitFor(() => leaving.logged('drain_started'));
    // The replica is unready at once, still alive, and rejects new clients.
    const ready = await leaving.get('/health/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ error: { capacity: { reason: 'draining' } } });
    expect((await leaving.get('/health/live')).status).toBe(200);
    expect(await leaving.metric('socket_gateway_draining')).toBe(1);
    await expectRefused(leaving.url, 'draining');
    expect(await leaving.metric('socket_gateway_handshakes_refused_total{reason="draining"}')).toBe(
      Object.keys(HANDSHAKES).length,
    );

    await waitFor(
      () => wanderers.every(({ returnedAt }) => returnedAt !== undefined),
      'not all came back',
      60_000,
    );
    expect(await exit).toBe(0);
    const last = prices.last + 2;
    await waitFor(() => prices.last >= last);
    prices.stop();
    await waitFor(
      () => wanderers.every((wanderer) => wanderer.prices()[1].includes(last)),
      'prices are missing',
    );

    const told = wanderers.map(({ client }) => client.all('server_draining')[0]?.reconnect_in_ms as number);
    expect(Math.max(...told)).toBeLessThanOrEqual(WINDOW_MS);
    expect(largestShare(told, WINDOW_MS / 10)).toBeLessThan(0.15);
    // Based on the announced and the chosen delays, because a busy machine may delay the
    // reconnections themselves by seconds.
    const chosen = wanderers.map(({ stayedAway }, index) => told[index]! + stayedAway!);
    expect(largestShare(chosen, WINDOW_MS / 10)).toBeLessThan(0.2);
    const returned = wanderers.map(({ returnedAt }) => returnedAt!);
    const share = largestShare(returned, WINDOW_MS / 10);
    expect(share).toBeLessThan(0.5);
    process.stderr.write(
      `drain of 300 clients over ${WINDOW_MS} ms: at most ${(share * 100).toFixed(1)} % came back within any tenth of it, ` +
        `${(largestShare(chosen, WINDOW_MS / 10) * 100).toFixed(1)} % by what they chose\n`,
    );

    for (const wanderer of wanderers) {
      const { client } = wanderer;
      expect(client.all('server_draining')).toHaveLength(1);
      expect(client.all('closing')).toEqual([
        {
          code: 'DRAINING',
          message: 'This replica is shutting down. Reconnect to reach another one.',
          reconnect: true,
        },
      ]);
      expect(client.disconnects).toEqual(['transport close']);
      // Each replica sends each price once and in order, and no price is missing while the client
      // was connected.
      for (const numbers of wanderer.prices()) {
        expect(numbers.length).toBeGreaterThan(0);
        expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
      }
    }
    const codes = wanderers.flatMap(({ closeCode }) => closeCode ?? []);
    expect(new Set(codes)).toEqual(new Set([1012]));
    expect(codes).toHaveLength(200);
    expect(leaving.logged('drain_started')).toMatchObject({ clients: 300, window_ms: WINDOW_MS });
    expect(leaving.logged('drain_finished')).toMatchObject({ remaining_clients: 0 });
    expect(leaving.logs.filter(({ level = 0 }) => level >= 50)).toEqual([]);
    // the shutdown wrote it to Redis
    expect(await redis.client.get('latest:underlying:NIFTY')).not.toBeNull();
    for (const { client } of wanderers) client.close();
    await staying.stop();
  }, 150_000);
});

describe('while a replica drains', () => {
  it('a connected client can finish its upgrade, and a second signal ends the process at once', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, DRAIN_TIMEOUT_MS: '600000' });
    const polling = `${gateway.url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1)) as { sid: string };
    await fetch(`${polling}&sid=${sid}`, { method: 'POST', body: '40' });
    await waitFor(() => gateway.logged('client_connected'));
    process.kill(gateway.pid, 'SIGTERM');
    await waitFor(() => gateway.logged('drain_started'));

    const url = `${gateway.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid=${sid}`;
    const socket = new WebSocket(url);
    await once(socket, 'open');
    socket.send('2probe');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    expect(answer.toString()).toBe('3probe');
    socket.send('5');
    await once(socket, 'message'); // from here on, messages are sent over the WebSocket

    const closed = once(socket, 'close');
    process.kill(gateway.pid, 'SIGINT');
    await closed;
    expect(await gateway.exit()).toBe(130);
    expect(gateway.logged('socket_gateway_stopped')).toBeUndefined();
  });

  it('a replica without clients ends at once', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, DRAIN_TIMEOUT_MS: '600000' });
    expect(await gateway.stop('SIGTERM')).toBe(0);
  });

  it('a replica that closes all clients at once also sends the reason', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, DRAIN_TIMEOUT_MS: '0' });
    const clients = await Promise.all([1, 2, 3].map(() => TestClient.connect(gateway.url)));
    const codes = clients.map(async ({ socket }) => {
      const { ws } = socket.io.engine.transport as unknown as { ws: WebSocket };
      return ((await once(ws, 'close')) as [number])[0];
    });
    expect(await gateway.stop('SIGTERM')).toBe(0);
    expect(await Promise.all(codes)).toEqual([1012, 1012, 1012]);
    for (const client of clients) {
      expect(client.received.at(-1)).toMatchObject({ event: 'closing', payload: { code: 'DRAINING' } });
    }
  });

  it('a replica ends once its last client has disconnected', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, DRAIN_TIMEOUT_MS: '600000' });
    const client = await TestClient.connect(gateway.url);
    process.kill(gateway.pid, 'SIGTERM');
    await client.next('server_draining');
    client.close();
    expect(await gateway.exit()).toBe(0);
  });
});

describe('an uncaught error', () => {
  it.each([
    ['throw', 'uncaughtException'],
    ['reject', 'unhandledRejection'],
  ])('(%s) is logged, the clients are drained, and the process ends with 1', async (FAULT, event) => {
    const gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      DRAIN_TIMEOUT_MS: '2000',
      NODE_OPTIONS: `--require ${FAULTS}`,
      FAULT,
    });
    const client = await TestClient.connect(gateway.url);
    process.kill(gateway.pid, 'SIGUSR2');
    expect(await gateway.exit()).toBe(1);
    expect(gateway.logged('uncaught_error')).toMatchObject({
      level: 60,
      event,
      err: { message: 'made by the test' },
    });
    expect(gateway.logged('drain_finished')).toMatchObject({ remaining_clients: 0 });
    expect(client.all('closing')).toMatchObject([{ code: 'DRAINING' }]);
    expect(client.disconnects).toEqual(['transport close']);
  });
});
