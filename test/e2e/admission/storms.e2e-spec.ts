import { connect } from 'node:net';
import { GatewayProcess } from '../../support/gateway-process.js';
import { expectRefused, HANDSHAKES } from '../../support/handshake.js';
import { Platform } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());
afterEach(() => redis.client.flushall());

const refused = (gateway: GatewayProcess, reason: string) =>
  gateway.metric(`socket_gateway_handshakes_refused_total{reason="${reason}"}`);
const kinds = Object.keys(TRANSPORTS);

describe('the connection cap', () => {
  it('rejects connections beyond the cap before the namespace is joined, without affecting the others', async () => {
    const CAP = 20;
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, MAX_CONNECTIONS: `${CAP}` });
    const platform = new Platform(redis, gateway);
    // The first request of a client decides, both for polling that does not upgrade and for a
    // WebSocket.
    const storm = Array.from({ length: 3 * CAP }, (_, n) =>
      TestClient.connect(gateway.url, TRANSPORTS[n % 2 ? 'polling' : 'websocket']).catch(() => undefined),
    );
    await waitFor(
      async () => (await refused(gateway, 'max_connections')) === 2 * CAP,
      'not all were refused',
    );
    await waitFor(async () => (await gateway.json('/metrics')).total_clients === CAP, 'not all came');
    await expectRefused(gateway.url, 'max_connections');
    const ready = await gateway.get('/health/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      error: { capacity: { reason: `at the connection cap of ${CAP}` } },
    });

    // It is open which clients were accepted. The others stop waiting for their greeting.
    const greeted: TestClient[] = [];
    for (const attempt of storm) void attempt.then((client) => client && greeted.push(client));
    await waitFor(() => greeted.length === CAP);
    await platform.underlying('NIFTY', 1);
    await platform.carried(...greeted);
    for (const client of greeted) {
      expect(client.all('underlying_update')).toHaveLength(1);
      expect(client.disconnects).toEqual([]);
    }

    greeted[0]!.close();
    await gateway.ready();
    await expect(TestClient.connect(gateway.url)).resolves.toBeDefined();
    await Promise.all(storm);
    await gateway.stop();
  });
});

describe('a storm of handshakes', () => {
  it('is accepted at the configured rate, with a short queue, and the rest is asked to retry at various times', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, HANDSHAKES_PER_SECOND: '20' });
    const here = await TestClient.connect(gateway.url);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => HANDSHAKES[n % 2 ? 'polling' : 'websocket'](gateway.url)),
    );
    const away = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 200 || status === 101)).toHaveLength(100 - away.length);
    expect(away.length).toBeGreaterThan(0);
    expect(away.length).toBeLessThan(100);
    expect(await refused(gateway, 'rate')).toBe(away.length);
    for (const { headers, body } of away) {
      expect(headers['retry-after']).toMatch(/^[1-5]$/);
      expect(JSON.parse(body)).toMatchObject({ reason: 'rate' });
    }
    expect(new Set(away.map(({ headers }) => headers['retry-after'])).size).toBeGreaterThan(1);
    await here.settled();
    expect(here.disconnects).toEqual([]);
    // A storm must not make the replica unready.
    expect((await gateway.get('/health/ready')).status).toBe(200);
    await gateway.stop();
  });

  it('ends with every stock client connected, over any transport', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, HANDSHAKES_PER_SECOND: '20' });
    const clients = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        TestClient.connect(gateway.url, { ...TRANSPORTS[kinds[n % kinds.length]!], reconnection: true }),
      ),
    );
    await Promise.all(clients.map((client) => client.settled()));
    for (const client of clients) client.close();
    await gateway.stop();
  });

  it('is not made worse by clients that give up while they wait', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, HANDSHAKES_PER_SECOND: '10' });
    const head = (transport: string) =>
      `GET /socket.io/?EIO=4&transport=${transport} HTTP/1.1\r\nHost: x\r\n` +
      (transport === 'polling'
        ? '\r\n'
        : 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    const sockets = Array.from({ length: 11 }, (_, n) => {
      const socket = connect(gateway.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(head(n % 2 ? 'polling' : 'websocket'));
      return socket;
    });
    await waitFor(
      async () => (await gateway.metric('socket_gateway_handshakes_queued')) > 0,
      'no handshake was queued',
    );
    // The connection is reset instead of closed, which is an error that no other listener handles
    // yet.
    for (const socket of sockets) socket.resetAndDestroy();
    await waitFor(async () => (await gateway.metric('socket_gateway_handshakes_queued')) === 0);
    await (await TestClient.connect(gateway.url, { ...TRANSPORTS.websocket, reconnection: true })).settled();
    expect(gateway.logged('uncaught_error')).toBeUndefined();
    await gateway.stop();
  });
});

describe('200 clients that connect together', () => {
  it('are not pinged at the same time', async () => {
    const INTERVAL_MS = 20_000;
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, PING_INTERVAL_MS: `${INTERVAL_MS}` });
    const pings: number[] = [];
    const clients = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const client = await TestClient.connect(gateway.url);
        client.socket.io.once('ping', () => pings.push(performance.now()));
        return client;
      }),
    );
    const pinged = () => clients.length === 200 && pings.length >= 150;
    await waitFor(pinged, () => `${pings.length} were pinged`, 45_000);
    const most = Math.max(
      ...pings.map((from) => pings.filter((at) => at >= from && at < from + INTERVAL_MS / 10).length),
    );
    process.stdout.write(`first pings of 200 clients: at most ${most} within a tenth of the interval\n`);
    // If the pings were not spread, nearly all of them would fall into one tenth.
    expect(most).toBeLessThan(100);
    for (const client of clients) client.close();
    await gateway.stop();
  }, 90_000);
});
