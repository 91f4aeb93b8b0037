import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { GatewayProcess, type LogLine } from '../../support/gateway-process.js';
import { EXPIRY, underlying } from '../../support/messages.js';
import { Platform, UNDERLYING } from '../../support/platform.js';
import { parsePrometheusText } from '../../support/prometheus-text.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/** A marker in every secret of these tests. It must never be printed. */
const MARKER = 'Hunter2Marker';

const cleanups: (() => unknown)[] = [];

/** Calls `stop` after the test, in the reverse order of the starts. */
function owned<T>(thing: T, stop: (thing: T) => unknown): T {
  cleanups.push(() => stop(thing));
  return thing;
}

const startRedis = async (password?: string) =>
  owned(await RedisServer.start([], password), (redis) => redis.stop());
const spawnGateway = (env: Record<string, string>) =>
  owned(GatewayProcess.spawn(env), (gateway) => gateway.stop('SIGKILL'));
const startGateway = async (env: Record<string, string>) => {
  const gateway = spawnGateway(env);
  await gateway.listening();
  return gateway;
};
const connect = async (gateway: GatewayProcess, transport = 'websocket') =>
  owned(await TestClient.connect(gateway.url, TRANSPORTS[transport]), (client) => client.close());

/** Starts `server` on a free port, and returns the port. */
const listen = async <T extends Server>(server: T): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  owned(server, () => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
};

const status = async (gateway: GatewayProcess, path: string) => (await gateway.get(path)).status;
const becomes = (gateway: GatewayProcess, path: string, expected: number) =>
  waitFor(
    async () => (await status(gateway, path)) === expected,
    `${path} never answered ${expected}`,
    30_000,
  );

const release = async (): Promise<void> => {
  for (const stop of cleanups.splice(0).reverse()) await stop();
};

/** Sends the signal, and returns the exit code. */
const terminate = async (
  gateway: GatewayProcess,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<number | null> => {
  process.kill(gateway.pid, signal);
  await waitFor(() => gateway.exitCode !== null, `it did not end on ${signal}`);
  return gateway.exitCode;
};

afterEach(release);

describe('a running gateway', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  });

  afterAll(async () => {
    await gateway?.stop();
    await redis?.stop();
  });

  // Each test counts only its own clients.
  afterEach(async () => {
    await release();
    await waitFor(async () => (await gateway.json('/metrics')).total_clients === 0, 'clients are left');
  });

  it.each([0, 1, 3])('GET /health answers 200 and counts %d clients', async (clients) => {
    for (let n = 0; n < clients; n++) await connect(gateway);
    const response = await gateway.get('/health');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toStrictEqual({
      status: 'healthy',
      service: 'socket-gateway',
      clients,
      info: { feed: { status: 'up' }, cache: { status: 'up' } },
      error: {},
      details: { feed: { status: 'up' }, cache: { status: 'up' } },
    });
  });

  it('GET /health/live answers 200', async () => {
    const response = await gateway.get('/health/live');
    expect(response.status).toBe(200);
    expect(await response.json()).toStrictEqual({ status: 'healthy', service: 'socket-gateway' });
  });

  it('GET /health/ready answers 200 with the feed and the capacity', async () => {
    await connect(gateway);
    const response = await gateway.get('/health/ready');
    expect(response.status).toBe(200);
    const details = {
      feed: { status: 'up' },
      capacity: { status: 'up', clients: 1, max_connections: 50_000 },
    };
    expect(await response.json()).toStrictEqual({
      status: 'healthy',
      service: 'socket-gateway',
      clients: 1,
      info: details,
      error: {},
      details,
    });
  });

  it.each(['/', '/healthy', '/health/other', '/metrics/other', '/__proto__'])(
    'GET %s answers 404',
    async (path) => {
      const response = await gateway.get(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ statusCode: 404, message: 'Not Found' });
    },
  );

  describe('GET /metrics', () => {
    const metrics = () => gateway.json<{ total_clients: number; rooms: Record<string, number> }>('/metrics');

    it('counts the clients of each room, and omits the room that each socket has of its own', async () => {
      expect(await metrics()).toStrictEqual({ total_clients: 0, rooms: {} });

      const [first, second, third] = [
        await connect(gateway),
        await connect(gateway, 'polling'),
        await connect(gateway),
      ];
      await first.ask('subscribe', { type: 'product', symbols: ['NIFTY', 'M&M'] });
      await first.ask('subscribe', { type: 'chain', symbol: 'NIFTY' });
      await second.ask('subscribe', { type: 'product', symbol: 'NIFTY' });
      await second.ask('subscribe', { type: 'chain', symbol: 'NIFTY', expiry: EXPIRY });
      await third.ask('unsubscribe', { type: 'general' });
      expect(await metrics()).toStrictEqual({
        total_clients: 3,
        rooms: {
          general: 2,
          'product:NIFTY': 2,
          'product:M&M': 1,
          'chain:NIFTY': 1,
          [`chain:NIFTY:${EXPIRY}`]: 1,
        },
      });

      await first.ask('unsubscribe', { type: 'product', symbols: ['NIFTY', 'M&M'] });
      third.close();
      await waitFor(async () => (await metrics()).total_clients === 2);
      expect(await metrics()).toStrictEqual({
        total_clients: 2,
        rooms: { general: 2, 'product:NIFTY': 1, 'chain:NIFTY': 1, [`chain:NIFTY:${EXPIRY}`]: 1 },
      });

      first.close();
      second.close();
      await waitFor(async () => (await metrics()).total_clients === 0);
      expect(await metrics()).toStrictEqual({ total_clients: 0, rooms: {} });
    });

    it('names the rooms with the most clients, and only counts the others', async () => {
      const clients = await Promise.all(Array.from({ length: 7 }, () => connect(gateway)));
      const symbols = (from: number): string[] => Array.from({ length: 100 }, (_, n) => `R${from + n}`);
      for (const [index, client] of clients.entries()) {
        for (const from of [index * 200, index * 200 + 100])
          await client.ask('subscribe', { type: 'product', symbols: symbols(from) });
      }
      await clients[0]!.ask('subscribe', { type: 'product', symbol: 'R1399' });
      const { rooms, ...rest } = await metrics();
      // "general", and 1,400 rooms of products.
      expect(rest).toStrictEqual({ total_clients: 7, rooms_left_out: 401 });
      expect(Object.keys(rooms)).toHaveLength(1_000);
      expect(Object.entries(rooms).slice(0, 2)).toEqual([
        ['general', 7],
        ['product:R1399', 2],
      ]);
      for (const client of clients) client.close();
      await waitFor(async () => (await metrics()).total_clients === 0);
    });

    const TEXT = /^text\/plain; version=0\.0\.4; charset=utf-8$/;
    const JSON_TYPE = /^application\/json; charset=utf-8$/;
    it.each([
      // The headers that scrapers really send.
      [
        'Prometheus 3',
        'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
        TEXT,
      ],
      [
        'Prometheus 2',
        'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
        TEXT,
      ],
      [
        'Prometheus with native histograms',
        'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
        TEXT,
      ],
      ['vmagent', 'text/plain;version=0.0.4;q=1,*/*;q=0.1', TEXT],
      ['text/plain', 'text/plain', TEXT],
      ['OpenMetrics', 'application/openmetrics-text', TEXT],
      ['OpenMetrics with a version', 'application/openmetrics-text; version=1.0.0', TEXT],
      // Other clients.
      ['curl', '*/*', JSON_TYPE],
      ['a client of JSON', 'application/json', JSON_TYPE],
      ['axios', 'application/json, text/plain, */*', JSON_TYPE],
      [
        'a browser',
        'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
        JSON_TYPE,
      ],
    ])('returns the format that %s accepts (Accept: %s)', async (_, accept, type) => {
      const response = await gateway.get('/metrics', { accept });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(type);
      expect(response.headers.get('vary')).toMatch(/\baccept\b/i);
    });

    it('renders the text format of Prometheus', async () => {
      const client = await connect(gateway);
      await client.ask('subscribe', { type: 'product', symbols: ['A', 'B'] });
      await client.ask('subscribe', { type: 'chain', symbol: 'A' });
      client.contract.sendsInvalid = true;
      await client.ask('subscribe', {});
      const platform = new Platform(redis, gateway);
      await platform.underlying(platform.product(), 1);
      await client.next('underlying_update');

      const text = await (await gateway.get('/metrics', { accept: 'text/plain' })).text();
      const samples = parsePrometheusText(text);
      expect(Object.fromEntries(samples)).toMatchObject({
        socket_gateway_connections: 1,
        'socket_gateway_rooms{kind="general"}': 1,
        'socket_gateway_rooms{kind="product"}': 2,
        'socket_gateway_rooms{kind="chain"}': 1,
        'socket_gateway_room_members{kind="general"}': 1,
        'socket_gateway_room_members{kind="product"}': 2,
        'socket_gateway_room_members{kind="chain"}': 1,
        socket_gateway_feed_up: 1,
        socket_gateway_cache_entries: 1,
        socket_gateway_cache_bytes: expect.any(Number),
        socket_gateway_connections_total: expect.any(Number),
        'socket_gateway_client_messages_total{event="subscribe"}': expect.any(Number),
        'socket_gateway_client_errors_total{code="INVALID_TYPE"}': 1,
        'socket_gateway_feed_messages_total{channel="enriched:underlying"}': 1,
        'socket_gateway_broadcasts_total{event="underlying_update"}': 1,
        'socket_gateway_bridge_lag_seconds_count{kind="underlying"}': 1,
      });
      // Process metrics, as named by prom-client's defaults.
      for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_open_fds']) {
        expect(samples.get(name)).toBeGreaterThan(0);
      }
      for (const name of ['nodejs_eventloop_lag_p99_seconds', 'nodejs_heap_size_used_bytes']) {
        expect(samples.has(name)).toBe(true);
      }
      // The values of labels are kinds. A label with a symbol, room or client would grow without a
      // limit.
      expect(text).not.toMatch(/="(?:[^"]*:)?(?:A|B|NIFTY)"/);
      expect(text).not.toContain(client.socket.id);
    });
  });
});

describe('a full gateway', () => {
  it('answers 503 to /health/ready at MAX_CONNECTIONS, and 200 again after a client disconnected', async () => {
    const redis = await startRedis();
    const gateway = await startGateway({ REDIS_URL: redis.url, MAX_CONNECTIONS: '1' });
    expect(await status(gateway, '/health/ready')).toBe(200);

    const client = await connect(gateway);
    const response = await gateway.get('/health/ready');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      status: 'unhealthy',
      service: 'socket-gateway',
      clients: 1,
      info: { feed: { status: 'up' } },
      error: { capacity: { status: 'down', reason: 'at the connection cap of 1', clients: 1 } },
    });
    expect(await status(gateway, '/health')).toBe(200);
    expect(await status(gateway, '/health/live')).toBe(200);

    client.close();
    await becomes(gateway, '/health/ready', 200);
  });
});

describe('a gateway whose Redis fails', () => {
  it('reports it, keeps its clients, and recovers whenever Redis comes back', async () => {
    const redis = await startRedis(MARKER);
    const gateway = await startGateway({
      REDIS_URL: redis.url,
      SECRET_KEY: `${MARKER}-key`,
      LOG_LEVEL: 'trace',
    });
    const clients = [await connect(gateway), await connect(gateway, 'polling')];
    const platform = new Platform(redis, gateway);
    const product = platform.product();

    for (const n of [1, 2]) {
      await redis.kill();
      await becomes(gateway, '/health', 503);

      for (const path of ['/health', '/health/ready']) {
        const response = await gateway.get(path);
        const text = await response.text();
        expect(response.status).toBe(503);
        expect(JSON.parse(text)).toMatchObject({
          status: 'unhealthy',
          service: 'socket-gateway',
          clients: 2,
          error: { feed: { status: 'down', reason: expect.stringMatching(/\w/) } },
        });
        expect(text).not.toContain(MARKER);
      }
      expect(await status(gateway, '/health/live')).toBe(200);
      expect(await gateway.metric('socket_gateway_feed_up')).toBe(0);
      for (const client of clients) {
        await client.settled();
        expect(client.disconnects).toEqual([]);
      }

      await redis.restart();
      await becomes(gateway, '/health', 200);
      expect(await status(gateway, '/health/ready')).toBe(200);
      expect(await gateway.metric('socket_gateway_feed_up')).toBe(1);
      await platform.underlying(product, n);
      for (const client of clients) {
        expect(await client.next('underlying_update', n)).toStrictEqual(underlying(product, n));
        expect(client.all('underlying_update')).toHaveLength(n);
        expect(client.disconnects).toEqual([]);
      }
    }
    expect(gateway.logged('redis_connection_failed')).toMatchObject({
      level: 40,
      problem: expect.any(String),
    });
    expect(gateway.exitCode).toBeNull();
    expect(gateway.stderr).toBe('');
  });

  it('ends with 0 on SIGTERM while Redis is away', async () => {
    const redis = await startRedis();
    const gateway = await startGateway({ REDIS_URL: redis.url });
    const platform = new Platform(redis, gateway);
    await platform.underlying(platform.product(), 1);
    await redis.kill();
    await becomes(gateway, '/health', 503);
    expect(await terminate(gateway)).toBe(0);
    expect(gateway.stderr).toBe('');
  });
});

describe('a gateway that starts before Redis', () => {
  it('is alive but not ready, accepts clients, and delivers messages once Redis is there', async () => {
    const redis = await startRedis();
    await redis.kill();
    const gateway = await startGateway({ REDIS_URL: redis.url });
    expect(gateway.logged('redis_unreachable_retrying')).toMatchObject({ level: 40 });
    expect(await status(gateway, '/health/live')).toBe(200);
    expect(await status(gateway, '/health')).toBe(503);
    expect(await status(gateway, '/health/ready')).toBe(503);
    const client = await connect(gateway);

    await redis.restart();
    await becomes(gateway, '/health/ready', 200);
    const product = 'NIFTY';
    await redis.client.publish(UNDERLYING, JSON.stringify(underlying(product, 1)));
    expect(await client.next('underlying_update')).toStrictEqual(underlying(product, 1));
    expect(client.disconnects).toEqual([]);
  });

  it('waits for a Redis that accepts the connection but does not reply yet', async () => {
    const sockets = new Set<{ destroy(): void }>();
    const silent = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    const port = await listen(silent);
    owned(sockets, () => sockets.forEach((socket) => socket.destroy()));
    const gateway = await startGateway({ REDIS_URL: `redis://127.0.0.1:${port}/0` });
    expect(await status(gateway, '/health/live')).toBe(200);
    expect(await status(gateway, '/health/ready')).toBe(503);
    expect(await terminate(gateway)).toBe(0);
  });
});

describe('a start that cannot succeed', () => {
  /**
   * Runs a gateway until it ends, which must be with exit code 1 and one sentence on standard
   * error. Returns the sentence.
   */
  const failedStart = async (env: Record<string, string>): Promise<string> => {
    const gateway = spawnGateway(env);
    expect(await gateway.exit()).toBe(1);
    await waitFor(() => gateway.stderr.endsWith('\n'), 'nothing on standard error');
    expect(gateway.stderr).toMatch(/^socket-gateway cannot start: [^\n]+\.\n$/);
    expect(gateway.stderr.match(/\.(?:\s|$)/g)).toHaveLength(1);
    expect(gateway.stderr).not.toContain(MARKER);
    expect(JSON.stringify(gateway.logs)).not.toContain(MARKER);
    return gateway.stderr;
  };

  const guarded = async () => (await startRedis(`right-${MARKER}`)).port;
  const open = async () => (await startRedis()).port;
  const webServer = () => listen(createHttpServer((_, response) => response.end('<html>')));

  it.each([
    {
      name: 'a wrong password',
      start: guarded,
      url: (port: number) => `redis://:wrong-${MARKER}@127.0.0.1:${port}/0`,
      says: /^[^"]*REDIS_URL is "redis:\/\/\*\*\*@127\.0\.0\.1:\d+\/0", but Redis refuses its user or password\.$/m,
    },
    {
      name: 'an unknown user',
      start: guarded,
      url: (port: number) => `redis://${MARKER}:right-${MARKER}@127.0.0.1:${port}/0`,
      says: /refuses its user or password/,
    },
    {
      name: 'a wrong password with @ and % in it',
      start: guarded,
      url: (port: number) => `redis://:%40%25${MARKER}@127.0.0.1:${port}/0`,
      says: /refuses its user or password/,
    },
    {
      name: 'no password',
      start: guarded,
      url: (port: number) => `redis://127.0.0.1:${port}/0`,
      says: /REDIS_URL is "redis:\/\/127\.0\.0\.1:\d+\/0", but Redis asks for a password/,
    },
    {
      name: 'a database that Redis does not have',
      start: open,
      url: (port: number) => `redis://127.0.0.1:${port}/99`,
      says: /REDIS_URL .* Redis has no database of that number/,
    },
    {
      name: 'a server that is not Redis',
      start: webServer,
      url: (port: number) => `redis://:${MARKER}@127.0.0.1:${port}/0`,
      says: /REDIS_URL .* is not Redis/,
    },
  ])('REDIS_URL with $name', async ({ start, url, says }) => {
    expect(await failedStart({ REDIS_URL: url(await start()) })).toMatch(says);
  });

  it('REDIS_PASSWORD with a wrong value', async () => {
    const env = { REDIS_URL: `redis://127.0.0.1:${await guarded()}/0`, REDIS_PASSWORD: `wrong-${MARKER}` };
    expect(await failedStart(env)).toMatch(
      /REDIS_URL is "redis:\/\/127\.0\.0\.1:\d+\/0" with REDIS_PASSWORD, but Redis refuses its user or password\.$/m,
    );
  });

  it.each([
    ['PORT', 'http', /PORT is "http", but must be a whole number from 0 to 65535/],
    ['PORT', '65536', /PORT is "65536", but must be/],
    ['PORT', '-1', /PORT is "-1", but must be/],
    ['PORT', '80.5', /PORT is "80\.5", but must be/],
    [
      'REDIS_URL',
      `http://user:${MARKER}@localhost`,
      /REDIS_URL is "http:\/\/\*\*\*@localhost", but must be a URL/,
    ],
    [
      'REDIS_URL',
      `localhost?password=${MARKER}`,
      /REDIS_URL is "localhost\?password=\*\*\*", but must be a URL/,
    ],
    ['LOG_LEVEL', 'loud', /LOG_LEVEL is "loud", but must be one of/],
    ['MAX_CONNECTIONS', '0', /MAX_CONNECTIONS is "0", but must be/],
    ['HOST', '999.1.1.1', /HOST is "999\.1\.1\.1", but must be an address of this machine/],
  ])('%s=%s', async (name, value, says) => {
    expect(await failedStart({ [name]: value, SECRET_KEY: MARKER })).toMatch(says);
  });

  it('PORT that is in use', async () => {
    const redis = await startRedis();
    const port = await listen(createServer());
    const sentence = await failedStart({ REDIS_URL: redis.url, PORT: `${port}` });
    expect(sentence).toMatch(/in use/);
    expect(sentence).toContain(`${port}`);
  });
});

it('a password that Redis does not require is accepted', async () => {
  const { port } = await startRedis();
  const gateway = await startGateway({ REDIS_URL: `redis://:${MARKER}@127.0.0.1:${port}/0` });
  expect(await status(gateway, '/health/ready')).toBe(200);
  expect(await terminate(gateway)).toBe(0);
  expect(gateway.stderr + JSON.stringify(gateway.logs)).not.toContain(MARKER);
});

describe('a gateway that is told to end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'exits with 0 on %s, and its clients may reconnect',
    async (signal) => {
      const redis = await startRedis();
      const gateway = await startGateway({ REDIS_URL: redis.url });
      const clients = [
        await connect(gateway),
        await connect(gateway, 'polling'),
        await connect(gateway, 'polling that upgrades'),
      ];
      expect(await terminate(gateway, signal)).toBe(0);
      expect(gateway.stderr).toBe('');
      expect(gateway.logged('socket_gateway_stopping')).toMatchObject({ signal });
      for (const client of clients) {
        await waitFor(() => client.disconnects.length === 1, 'the connection was not closed');
        // After one of these reasons a stock client does not reconnect.
        expect(['io server disconnect', 'io client disconnect']).not.toContain(client.disconnects[0]);
      }
      // Its connections to Redis are closed too: only the one of this test is left.
      const connections = async () =>
        ((await redis.client.client('LIST')) as string).trim().split('\n').length;
      await waitFor(async () => (await connections()) === 1, 'connections to Redis are left');
    },
  );
});

describe('the logs', () => {
  const all = (gateway: GatewayProcess, msg: string): LogLine[] =>
    gateway.logs.filter((line) => line.msg === msg);

  /** The logs of a gateway with this level, for one client's connection and one message. */
  const lived = async (LOG_LEVEL: string) => {
    const redis = await startRedis();
    const gateway = await startGateway({ REDIS_URL: redis.url, LOG_LEVEL, SERVICE_NAME: 'gw-7' });
    const client = await connect(gateway);
    const client_id = client.socket.id;
    await client.ask('subscribe', { type: 'chain', symbol: 'NIFTY', expiry: EXPIRY });
    await client.ask('unsubscribe', { type: 'chain', symbol: 'NIFTY', expiry: EXPIRY });
    const platform = new Platform(redis, gateway);
    await platform.underlying('NIFTY', 1);
    await platform.chain('NIFTY', 1);
    await platform.carried(client);
    client.close();
    await waitFor(async () => (await gateway.json('/metrics')).total_clients === 0);
    await gateway.stop();
    return { gateway, client_id };
  };

  it('contain connections and subscriptions, each line with its service, level and time', async () => {
    const { gateway, client_id } = await lived('info');
    const room = `chain:NIFTY:${EXPIRY}`;
    const base = { level: 30, service: 'gw-7', time: expect.any(Number), client_id };
    expect(all(gateway, 'client_connected')).toMatchObject([{ ...base, total_clients: 1 }]);
    expect(all(gateway, 'client_subscribed')).toMatchObject([{ ...base, count: 1, rooms: [room] }]);
    expect(all(gateway, 'client_unsubscribed')).toMatchObject([{ ...base, count: 1, rooms: [room] }]);
    expect(all(gateway, 'client_disconnected')).toMatchObject([
      { ...base, remaining_clients: 0, reason: 'client namespace disconnect' },
    ]);
    expect(all(gateway, 'socket_gateway_listening')).toMatchObject([{ port: expect.any(Number) }]);
    expect(all(gateway, 'broadcasted_underlying')).toEqual([]);
    expect(all(gateway, 'broadcasted_chain')).toEqual([]);
    for (const line of gateway.logs) {
      expect(line).toMatchObject({ level: expect.any(Number), service: 'gw-7', time: expect.any(Number) });
    }
  });

  it('contain each broadcast at LOG_LEVEL=debug', async () => {
    const { gateway } = await lived('debug');
    expect(all(gateway, 'broadcasted_underlying')).toMatchObject([{ level: 20, product: 'NIFTY', price: 1 }]);
    expect(all(gateway, 'broadcasted_chain')).toMatchObject([
      { level: 20, product: 'NIFTY', expiry: EXPIRY, pcr: 0.9464 },
    ]);
  });

  it('contain requests without path, query and headers, but no probes and scrapes', async () => {
    const redis = await startRedis();
    const gateway = await startGateway({ REDIS_URL: redis.url, LOG_LEVEL: 'trace' });
    const headers = {
      authorization: `Bearer ${MARKER}`,
      cookie: `session=${MARKER}`,
      referer: `http://x/?t=${MARKER}`,
    };
    for (const path of ['/health', '/health/live', '/health/ready', '/metrics']) {
      await gateway.get(path, headers);
      await gateway.get(`${path}?token=${MARKER}`, headers);
    }
    await gateway.get(`/socket.io/?EIO=4&transport=nonsense&token=${MARKER}`, headers);
    await gateway.get(`/some/${MARKER}?token=${MARKER}`, headers);
    await gateway.stop();

    const requests = gateway.logs.filter((line) => 'req' in line);
    expect(requests).toMatchObject([{ req: { method: 'GET' }, res: { status: 404 } }]);
    expect(JSON.stringify(gateway.logs)).not.toContain(MARKER);
  });

  it('never contain SECRET_KEY, the password of Redis or client input, even at the lowest level and in an outage', async () => {
    const redis = await startRedis(`redis-${MARKER}`);
    const gateway = await startGateway({
      REDIS_URL: redis.url,
      SECRET_KEY: `key-${MARKER}`,
      LOG_LEVEL: 'trace',
    });
    const client = await connect(gateway);
    client.contract.sendsInvalid = true;
    await client.ask('subscribe', { type: 'product', symbol: `*${MARKER}`, token: MARKER });
    await client.ask('subscribe', { type: 'product', symbol: 'NIFTY', token: MARKER });
    await redis.kill();
    await becomes(gateway, '/health', 503);
    await waitFor(() => gateway.logged('redis_connection_failed'), 'the outage was not logged');
    await client.ask('subscribe', { type: 'product', symbol: 'TSLA' });
    await waitFor(() => gateway.logged('cache_store_failed'), 'the failed read was not logged');
    await terminate(gateway);
    expect(gateway.logs.length).toBeGreaterThan(10);
    expect(JSON.stringify(gateway.logs)).not.toContain(MARKER);
    expect(gateway.stderr).toBe('');
  });
});
