import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdapter } from '@socket.io/redis-adapter';
import type { Redis } from 'ioredis';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io-client';
import { cleanUp } from '../../support/cleanup.js';
import { Command } from '../../support/command.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { channelsOf, GARBAGE, publishGarbage } from '../../support/hostile-neighbour.js';
import { underlying } from '../../support/messages.js';
import { UNDERLYING } from '../../support/platform.js';
import { redisClient } from '../../support/redis-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { openSocket } from '../../support/socket.js';
import { TestClient } from '../../support/test-client.js';
import { hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const FEED = join(__dirname, '../../../dist/tools/feed.js');
const DROPPED = 'socket_gateway_adapter_messages_dropped_total';

const start = async (env: Readonly<Record<string, string>>): Promise<GatewayProcess> => {
  const gateway = await GatewayProcess.start({ CACHE_WRITE_INTERVAL_MS: '100', ...env });
  await gateway.ready();
  return gateway;
};
/** A connection to a database of this test, open for as long as the tests run. */
function connectTo({ port }: RedisServer, database: number): Redis {
  return redisClient({ port, db: database, disconnectTimeout: 100 });
}

const pricesOf = (client: TestClient, product: string) =>
  client.all('underlying_update').flatMap((update) => (update.product === product ? [update.price] : []));
const publish = (redis: Redis, product: string, n: number, prefix = '') =>
  redis.publish(prefix + UNDERLYING, JSON.stringify(underlying(product, n)));

describe('another program on the same Redis', () => {
  let redis: RedisServer;
  let replicas: GatewayProcess[];
  let clients: TestClient[];

  beforeAll(async () => {
    redis = await RedisServer.start();
    const env = { REDIS_URL: redis.url, AUTH_MODE: 'optional', JWT_SECRET, LIMITS_STORE: 'redis' };
    // The second replica uses another database, because pub/sub has no databases.
    replicas = await Promise.all([start(env), start({ ...env, REDIS_URL: redis.url.replace(/0$/, '5') })]);
    clients = await Promise.all(
      replicas.map(({ url }) =>
        TestClient.connect(url, { transports: ['websocket'], auth: { token: hs256() } }),
      ),
    );
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    expect(await Promise.all(replicas.map((replica) => replica.stop()))).toEqual([0, 0]);
    await redis.stop();
  });

  /**
   * Checks that all replicas serve their clients, and that the clients are still in their rooms.
   */
  async function expectUnharmed(product: string): Promise<void> {
    await publish(redis.client, product, 1);
    for (const client of clients) {
      await waitFor(() => pricesOf(client, product).length > 0, 'a client is not in general any more');
      expect(client.disconnects).toEqual([]);
      const { rooms } = (await client.ask('list_subscriptions')) as { rooms: string[] };
      expect(rooms).toEqual(['general']);
    }
    for (const replica of replicas) {
      expect(replica.exitCode).toBeNull();
      expect(replica.logged('uncaught_error')).toBeUndefined();
      expect((await replica.get('/health/ready')).status).toBe(200);
    }
  }

  it('publishes garbage on every channel: the replicas drop, count and log it at a limited rate, and stay up', async () => {
    for (const client of clients) client.clear();
    const channels = await publishGarbage(redis.client);
    const own = channels.filter((name) => name.startsWith('socket-gateway:adapter:'));
    // the channels for requests and responses, and one channel for each replica
    expect(own).toHaveLength(2 + replicas.length);
    expect(channels).toEqual(
      expect.arrayContaining(['enriched:underlying', 'enriched:option_chain', 'auth:revoked']),
    );
    for (const replica of replicas) {
      let dropped = 0;
      await waitFor(
        async () => {
          const counts = ['format', 'signature'].map((reason) =>
            replica.metric(`${DROPPED}{reason="${reason}"}`),
          );
          dropped = (await Promise.all(counts)).reduce((sum, count) => sum + count);
          return dropped === 3 * GARBAGE.length;
        },
        () => `${dropped} of ${3 * GARBAGE.length} were dropped`,
      );
      const lines = replica.logs.filter(({ msg }) => msg === 'adapter_message_dropped');
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.length).toBeLessThanOrEqual(6); // one per reason in 10 s
    }
    await expectUnharmed('AFTER-GARBAGE');
    for (const client of clients) {
      expect(new Set(client.received.map(({ event }) => event))).toEqual(
        new Set(['underlying_update', 'subscriptions']),
      );
    }
  });

  describe('a stock Socket.IO app with the stock adapter', () => {
    let app: Server;
    let http: HttpServer;
    let member: Socket;

    beforeAll(async () => {
      const [pub, sub] = [connectTo(redis, 3), connectTo(redis, 3)];
      http = createServer();
      app = new Server(http, { adapter: createAdapter(pub, sub) });
      cleanUp(() => void http.closeAllConnections());
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      const { port } = http.address() as AddressInfo;
      member = openSocket(`http://127.0.0.1:${port}`, { transports: ['websocket'] });
      await waitFor(() => member.connected);
      const subscribed = async () =>
        ((await pub.pubsub('NUMSUB', 'socket.io-request#/#')) as [string, number])[1];
      await waitFor(async () => Number(await subscribed()) === 1, 'other listeners than the app itself');
    });

    afterAll(async () => {
      member.disconnect();
      await app.close();
    });

    it('sees only its own sockets and rooms', async () => {
      const sockets = await app.fetchSockets();
      expect(sockets.map(({ id }) => id)).toEqual([member.id]);
      const rooms = await (app.of('/').adapter as unknown as { allRooms(): Promise<Set<string>> }).allRooms();
      expect([...rooms]).toEqual([member.id]);
      await expect(app.serverSideEmitWithAck('anybody there')).resolves.toEqual([]);
    });

    it("cannot emit to, join, move or disconnect the gateway's clients", async () => {
      for (const client of clients) client.clear();
      const received: unknown[] = [];
      member.on('fake', (value: unknown) => received.push(value));
      app.socketsJoin('product:FAKE');
      app.in('general').socketsJoin('chain:FAKE');
      app.socketsLeave('general');
      await waitFor(async () => (await app.in('product:FAKE').fetchSockets()).length === 1);
      app.emit('fake', 1);
      app.to('general').emit('fake', 2);
      app.serverSideEmit('fake', 3);
      app.to('product:FAKE').emit('fake', 4);
      await waitFor(() => received.length === 2);
      expect(received).toEqual([1, 4]);
      app.in('general').disconnectSockets(true);
      app.disconnectSockets(true);
      await waitFor(() => !member.connected);
      await expectUnharmed('AFTER-STOCK');
      for (const client of clients) expect(client.counts().fake).toBeUndefined();
    });
  });
});

describe('two environments on one Redis, each with its own database and prefixes', () => {
  let redis: RedisServer;
  /** Database 1. `redis` is database 0. */
  let other: Redis;
  let a: GatewayProcess;
  let b: GatewayProcess;

  const shared = {
    AUTH_MODE: 'optional',
    JWT_SECRET,
    LIMITS_STORE: 'redis',
    HANDSHAKES_PER_IP_PER_MINUTE: '1000',
  };

  beforeAll(async () => {
    redis = await RedisServer.start();
    other = connectTo(redis, 1);
    [a, b] = await Promise.all([
      start({ ...shared, REDIS_URL: redis.url, MAX_CONNECTIONS_PER_IP: '10' }),
      start({
        ...shared,
        REDIS_URL: redis.url.replace(/0$/, '1'),
        KEY_PREFIX: 'b:',
        CHANNEL_PREFIX: 'b:',
        MAX_CONNECTIONS_PER_IP: '10',
      }),
    ]);
  });
  afterAll(async () => {
    expect(await Promise.all([a.stop(), b.stop()])).toEqual([0, 0]);
    expect(await other.keys('socket-gateway:*')).toEqual([]);
    await redis.stop();
  });

  it('do not share the feed, latest:*, revocations, counts or adapter messages', async () => {
    const auth = { transports: ['websocket'], auth: { token: hs256() } };
    const [ofA, ofB] = await Promise.all([TestClient.connect(a.url, auth), TestClient.connect(b.url, auth)]);
    // this client is never revoked, so its address counts until the end
    const counted = await TestClient.connect(b.url);
    await publish(redis.client, 'OF-A', 1);
    await publish(redis.client, 'OF-B', 2, 'b:');
    await waitFor(() => pricesOf(ofA, 'OF-A').includes(1) && pricesOf(ofB, 'OF-B').includes(2));
    await waitFor(async () => (await redis.client.exists('latest:underlying:OF-A')) === 1);
    await waitFor(async () => (await other.exists('b:latest:underlying:OF-B')) === 1);

    await redis.client.publish('b:auth:revoked', '{"user_id":42}');
    await ofB.next('closing');
    await waitFor(async () => (await other.zscore('b:socket-gateway:revocations', 'user:42')) !== null);

    // Everything that either environment published before has arrived.
    await publish(redis.client, 'OF-A', 3);
    await waitFor(() => pricesOf(ofA, 'OF-A').includes(3));
    expect(pricesOf(ofA, 'OF-B')).toEqual([]);
    expect(pricesOf(ofB, 'OF-A')).toEqual([]);
    expect(ofA.all('closing')).toEqual([]);
    expect(ofA.disconnects).toEqual([]);

    // A replica counts once it has read Redis, which may take 3 s after the start.
    await waitFor(async () => (await redis.client.exists('socket-gateway:replicas')) === 1);
    await waitFor(async () => (await other.exists('b:socket-gateway:replicas')) === 1);
    const keysOfA = await redis.client.keys('*');
    const keysOfB = await other.keys('*');
    expect(keysOfA.filter((key) => key.startsWith('b:') || key.includes('OF-B'))).toEqual([]);
    expect(keysOfB.filter((key) => !key.startsWith('b:') || key.includes('OF-A'))).toEqual([]);
    const kinds = (keys: readonly string[], prefix: string) =>
      new Set(
        keys.map((key) => /^(latest|socket-gateway):[a-z-]+/.exec(key.slice(prefix.length))?.[0] ?? key),
      );
    const expected = ['latest:underlying', 'replicas', 'connections', 'handshakes'].map((name) =>
      name.includes(':') ? name : `socket-gateway:${name}`,
    );
    expect([...kinds(keysOfA, '')]).toEqual(expect.arrayContaining(expected));
    expect([...kinds(keysOfB, 'b:')]).toEqual(
      expect.arrayContaining([...expected, 'socket-gateway:revocations']),
    );

    const channels = (await channelsOf(redis.client)).filter((name) => !name.startsWith('socket.io'));
    const plain = channels.filter((name) => !name.startsWith('b:'));
    const prefixed = channels.filter((name) => name.startsWith('b:')).map((name) => name.slice('b:'.length));
    const named = (names: string[]) =>
      names.map((name) => name.replace(/[0-9a-f-]{36}|#[^#]{6}#$/, '*')).sort();
    expect(named(prefixed)).toEqual(named(plain));
    for (const client of [ofA, ofB, counted]) client.close();
  });

  it('a later replica of the prefixed environment starts with the entries that the first one stored', async () => {
    await publish(redis.client, 'KEPT', 5, 'b:');
    await waitFor(async () => (await other.exists('b:latest:underlying:KEPT')) === 1);
    await other.set(
      'latest:underlying:NOT-ITS-OWN',
      JSON.stringify({ price: 1, timestamp: underlying('X', 1).timestamp }),
    );
    const late = await start({
      REDIS_URL: redis.url.replace(/0$/, '1'),
      KEY_PREFIX: 'b:',
      CHANNEL_PREFIX: 'b:',
    });
    const client = await TestClient.connect(late.url);
    await client.ask('get_snapshot', { type: 'product', symbols: ['KEPT', 'NOT-ITS-OWN'] });
    await client.next('snapshot', 2);
    expect(pricesOf(client, 'KEPT')).toEqual([5]);
    expect(pricesOf(client, 'NOT-ITS-OWN')).toEqual([]);
    const { products } = (await client.ask('get_products')) as { products?: string[] };
    expect(products ?? client.all('products').at(-1)).not.toContain('NOT-ITS-OWN');
    await other.del('latest:underlying:NOT-ITS-OWN');
    client.close();
    expect(await late.stop()).toBe(0);
  });

  it('the simulated feed with the same settings reaches only its environment', async () => {
    const [ofA, ofB] = await Promise.all([TestClient.connect(a.url), TestClient.connect(b.url)]);
    const args = ['--rate', '5', '--products', 'SIMULATED', '--redis', redis.url.replace(/0$/, '1')];
    const feed = Command.spawn(process.execPath, [FEED, ...args], {
      env: { PATH: process.env.PATH, KEY_PREFIX: 'b:', CHANNEL_PREFIX: 'b:' },
    });
    await feed.until(() => ofB.all('chain_summary').some(({ product }) => product === 'SIMULATED'));
    expect(await feed.end('SIGTERM')).toBe(0);
    await publish(redis.client, 'OF-A', 6);
    await waitFor(() => pricesOf(ofA, 'OF-A').includes(6));
    expect(pricesOf(ofA, 'SIMULATED')).toEqual([]);
    expect(await redis.client.exists('latest:underlying:SIMULATED')).toBe(0);
    expect(await other.exists('latest:underlying:SIMULATED')).toBe(0);
    expect(await other.exists('b:latest:underlying:SIMULATED')).toBe(1);
    for (const client of [ofA, ofB]) client.close();
  });

  it('a start without CHANNEL_PREFIX warns of a database other than 0, because pub/sub ignores databases', async () => {
    const warned = (gateway: GatewayProcess) =>
      gateway.logs.filter(
        ({ msg, level = 0 }) => level >= 40 && /pub\/sub ignores databases/.test(msg ?? ''),
      );
    const database = await start({ REDIS_URL: redis.url.replace(/0$/, '2') });
    expect(warned(database)).toHaveLength(1);
    expect(await database.stop()).toBe(0);
    expect(warned(a)).toEqual([]); // database 0
    expect(warned(b)).toEqual([]); // a prefix
  });
});
