import type { SnapshotAcknowledgement } from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { closedMarket, OPEN_MARKET } from '../../support/market-hours.js';
import { startMemoryGateway } from '../../support/memory-gateway.js';
import { chain, EXPIRY, STRIKES, timestampOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { SlowRedis } from '../../support/slow-redis.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const LATER = '2026-12-03';
const snapshot = (symbol: string, more: object = {}) => ({ type: 'product', symbol, ...more });

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

/**
 * Access to a gateway on either kind of ports: its address, and functions that publish and store
 * messages.
 */
interface World {
  readonly url: string;
  readonly publish: (channel: string, message: object) => unknown;
  readonly keep: (key: string, message: object) => Promise<unknown>;
}

const WORLDS: Readonly<Record<string, () => Promise<World>>> = {
  memory: async () => {
    const { ports, url } = await startMemoryGateway();
    return {
      url,
      publish: (channel, message) => ports.feed.publish(channel, JSON.stringify(message)),
      keep: (key, message) => ports.store.write([{ key, value: JSON.stringify(message) }], 60_000),
    };
  },
  redis: async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, MARKET_HOURS: closedMarket() });
    return {
      url: gateway.url,
      publish: (channel, message) => redis.client.publish(channel, JSON.stringify(message)),
      keep: (key, message) => redis.client.set(key, JSON.stringify(message)),
    };
  },
};

describe.each(Object.entries(WORLDS))('get_snapshot, on the ports of %s', (_, start) => {
  it.each(['websocket', 'polling'])(
    'sends the same as a subscription would, without joining: %s',
    async (transport) => {
      const name = `SNAP-${transport}`;
      const world = await start();
      const [asker, bystander] = await Promise.all(
        [0, 1].map(() => TestClient.connect(world.url, TRANSPORTS[transport])),
      );
      for (const n of [1, 2]) await world.publish(UNDERLYING, underlying(name, n));
      for (const expiry of [LATER, EXPIRY]) await world.publish(OPTION_CHAIN, chain(name, 3, expiry));
      for (const client of [asker!, bystander!]) {
        await client.next('chain_summary', 2);
        await client.ask('unsubscribe', { type: 'general' });
        client.clear();
      }
      const [first, second] = [EXPIRY, LATER].map((expiry) => ({
        event: 'chain_update',
        payload: { ...chain(name, 3, expiry), strikes: STRIKES },
      }));
      const closing = (room: string, updates: number) => ({ event: 'snapshot', payload: { room, updates } });

      expect(await asker!.ask('get_snapshot', snapshot(name))).toStrictEqual({
        ok: true,
        rooms: [`product:${name}`],
        snapshots: [{ room: `product:${name}`, updates: 1 }],
      });
      expect(asker!.received).toStrictEqual([
        { event: 'underlying_update', payload: underlying(name, 2) },
        closing(`product:${name}`, 1),
      ]);
      asker!.clear();
      await asker!.ask('get_snapshot', { type: 'chain', symbol: name });
      expect(asker!.received).toStrictEqual([first, second, closing(`chain:${name}`, 2)]);
      asker!.clear();
      await asker!.ask('get_snapshot', { type: 'chain', symbol: name, expiry: LATER });
      expect(asker!.received).toStrictEqual([second, closing(`chain:${name}:${LATER}`, 1)]);
      asker!.clear();

      // The client must not have joined any of the rooms.
      expect((await asker!.ask('list_subscriptions')).rooms).toEqual([]);
      await world.publish(UNDERLYING, underlying(name, 9));
      await asker!.settled();
      expect(asker!.all('underlying_update')).toEqual([]);
      await bystander!.settled();
      expect(bystander!.counts()).toEqual({ products: 1 });
    },
  );

  it('answers for each room of a batch: from memory, from the store, or that nothing is known', async () => {
    const world = await start();
    const client = await TestClient.connect(world.url);
    await world.publish(UNDERLYING, underlying('INMEMORY', 1));
    await client.next('underlying_update');
    await world.keep('latest:underlying:INSTORE', { price: 7.5, timestamp: timestampOf(1) });
    client.clear();
    const symbols = ['NOWHERE', 'INSTORE', 'INMEMORY', 'INSTORE'];
    const answer = (await client.ask('get_snapshot', {
      type: 'product',
      symbols,
    })) as SnapshotAcknowledgement;
    const rooms = ['product:NOWHERE', 'product:INSTORE', 'product:INMEMORY'];
    expect(answer).toStrictEqual({
      ok: true,
      rooms,
      snapshots: rooms.map((room, index) => ({ room, updates: Math.min(index, 1) })),
    });
    expect(client.all('snapshot')).toHaveLength(3);
    expect(client.all('snapshot')).toEqual(expect.arrayContaining([...answer.snapshots]));
    // On a busy machine the store may answer before the request's last rooms have had their turn.
    const prices = client.all('underlying_update').map(({ product, price }) => [product, price]);
    expect(Object.fromEntries(prices)).toEqual({ INMEMORY: 1, INSTORE: 7.5 });
    expect(prices).toHaveLength(2);
  });

  it('needs no acknowledgement, does not count towards MAX_SUBSCRIPTIONS, and may be repeated', async () => {
    const world = await start();
    const client = await TestClient.connect(world.url);
    await world.publish(UNDERLYING, underlying('AGAIN', 1));
    await client.next('underlying_update');
    client.clear();
    for (let n = 0; n < 3; n++) client.socket.emit('get_snapshot', snapshot('AGAIN'));
    await client.next('snapshot', 3);
    expect(client.received.map(({ event }) => event)).toEqual(
      Array(3).fill(['underlying_update', 'snapshot']).flat(),
    );
    expect((await client.ask('list_subscriptions')).rooms).toEqual(['general']);
  });
});

describe('get_snapshot, while Redis is being read', () => {
  let slow: SlowRedis;
  let gateway: GatewayProcess;

  beforeAll(async () => void (slow = await SlowRedis.start(redis.port)));
  afterAll(() => slow.stop());
  beforeEach(async () => {
    gateway = await GatewayProcess.start({ REDIS_URL: slow.url, ...(await settings()) });
    await waitFor(() => gateway.logged('cache_refreshed'), 'the gateway is not warm');
    for (const name of ['HELD', 'OTHER']) await keep(name, 1);
  });
  afterEach(async () => {
    slow.release();
    await gateway.stop();
    await redis.client.flushall();
  });

  const settings = () =>
    Promise.resolve({
      MARKET_HOURS: OPEN_MARKET,
    });
  const keep = (name: string, n: number) =>
    redis.client.set(`latest:underlying:${name}`, JSON.stringify({ price: n, timestamp: timestampOf(n) }));
  const pricesOf = (client: TestClient) => client.all('underlying_update').map(({ price }) => price);

  async function holding(
    options: Parameters<typeof TestClient.connect>[1] = TRANSPORTS.websocket,
  ): Promise<TestClient> {
    const client = await TestClient.connect(gateway.url, options);
    client.clear();
    slow.holds = 0;
    slow.hold(/latest:underlying:/i);
    return client;
  }
  const held = () => waitFor(() => slow.holds > 0, 'the store was not asked');

  it.each([true, false])(
    'a newer update that arrives meanwhile is sent, and no older one after it (general: %s)',
    async (general) => {
      const name = `HELD-${general}`;
      await keep(name, 1);
      const client = await holding();
      if (!general) await client.ask('unsubscribe', { type: 'general' });
      client.clear();
      const answer = client.ask('get_snapshot', snapshot(name));
      await held();
      await redis.client.publish(UNDERLYING, JSON.stringify(underlying(name, 2)));
      await waitFor(
        async () => (await gateway.metric(`socket_gateway_feed_messages_total{channel="${UNDERLYING}"}`)) > 0,
      );
      slow.release();
      expect((await answer).snapshots).toEqual([{ room: `product:${name}`, updates: 1 }]);
      expect(pricesOf(client)).toEqual(general ? [2, 2] : [2]);
      expect(client.received.at(-1)).toEqual({
        event: 'snapshot',
        payload: { room: `product:${name}`, updates: 1 },
      });
    },
  );

  it('a client that subscribes and asks twice at once causes one read of the store, and receives every answer', async () => {
    const client = await holding();
    const before = await gateway.metric('socket_gateway_cache_store_reads_total');
    const answers = [
      client.ask('get_snapshot', snapshot('HELD')),
      client.ask('subscribe', snapshot('HELD')),
      client.ask('get_snapshot', snapshot('HELD')),
    ];
    await client.next('subscribed');
    await client.settled();
    await held();
    slow.release();
    expect((await Promise.all(answers)).map(({ ok }) => ok as boolean)).toEqual([true, true, true]);
    await client.next('underlying_update', 3);
    expect(pricesOf(client)).toEqual([1, 1, 1]);
    expect(client.all('snapshot')).toHaveLength(2);
    expect((await gateway.metric('socket_gateway_cache_store_reads_total')) - before).toBe(1);
    // The client is told once that the old price is stale, before the last answer for the room.
    const events = client.received.map(({ event }) => event);
    expect(client.counts().feed_status).toBe(1);
    expect(events.indexOf('feed_status')).toBeLessThan(events.indexOf('snapshot'));
  });

  it('tells a client in no room of the product that the price it was sent is stale', async () => {
    const client = await holding();
    await client.ask('unsubscribe', { type: 'general' });
    slow.release();
    client.clear();
    await client.ask('get_snapshot', snapshot('HELD'));
    await client.ask('get_snapshot', snapshot('HELD'));
    expect(client.received.map(({ event }) => event)).toEqual(
      Array(2).fill(['underlying_update', 'feed_status', 'snapshot']).flat(),
    );
  });

  it('a client that disconnected is sent nothing, and the next client is served', async () => {
    const gone = await holding();
    gone.socket.emit('get_snapshot', { type: 'product', symbols: ['HELD', 'OTHER'] });
    await held();
    gone.close();
    await waitFor(
      async () => (await gateway.json<{ total_clients: number }>('/metrics')).total_clients === 0,
    );
    slow.release();
    const next = await TestClient.connect(gateway.url);
    expect((await next.ask('get_snapshot', snapshot('HELD'))).ok).toBe(true);
    expect(await gateway.metric('socket_gateway_snapshots_total{event="snapshot"}')).toBe(1);
    expect(gateway.logs.filter(({ level = 0 }) => level >= 50)).toEqual([]);
  });

  it('a client that asks for many unknown products does not delay the others', async () => {
    const many = await holding();
    const symbols = (round: number) => Array.from({ length: 100 }, (_, index) => `UNKNOWN-${round}-${index}`);
    const answers = Array.from({ length: 12 }, (_, round) =>
      many.ask('get_snapshot', { type: 'product', symbols: symbols(round) }),
    );
    await held();
    const reads = () => gateway.metric('socket_gateway_cache_store_reads_total');
    await many.settled();
    // Eight are read at a time and a thousand wait. The rest is rejected with an error.
    expect(await reads()).toBe(8);
    const other = await TestClient.connect(gateway.url);
    const asked = other.ask('get_snapshot', snapshot('HELD'));
    await waitFor(async () => (await reads()) === 9, 'the other was held up');
    slow.release();
    expect((await asked).snapshots).toEqual([{ room: 'product:HELD', updates: 1 }]);
    const settled = await Promise.all(answers);
    expect(settled.filter(({ ok }) => ok as boolean)).toHaveLength(10);
    expect(settled.at(-1).error).toMatchObject({ code: 'SNAPSHOT_UNAVAILABLE', event: 'get_snapshot' });
    expect(settled.at(-1).error.details).toHaveLength(10);
  });
});

describe('get_snapshot, without Redis', () => {
  it.each([
    ['is gone', (server: RedisServer) => server.kill(), (server: RedisServer) => server.restart()],
    [
      'answers nothing',
      (server: RedisServer) => Promise.resolve(server.freeze()),
      (server: RedisServer) => Promise.resolve(server.thaw()),
    ],
  ])(
    'that %s: entries in memory are sent, and the rest is rejected with a time to retry',
    async (_, away, back) => {
      const own = await RedisServer.start();
      const gateway = await GatewayProcess.start({ REDIS_URL: own.url });
      await gateway.ready();
      const client = await TestClient.connect(gateway.url);
      await own.client.publish(UNDERLYING, JSON.stringify(underlying('KNOWN', 1)));
      await client.next('underlying_update');
      await client.ask('unsubscribe', { type: 'general' });
      client.clear();
      const ask = () => client.ask('get_snapshot', { type: 'product', symbols: ['KNOWN', 'UNKNOWN'] });

      await away(own);
      const { ok, error } = await ask(); // the request ends by itself
      expect(ok).toBe(false);
      expect(error).toStrictEqual({
        message: 'The gateway cannot look up the snapshot at the moment. Try again after retry_after_ms.',
        code: 'SNAPSHOT_UNAVAILABLE',
        event: 'get_snapshot',
        details: [{ field: 'symbol', problem: 'product:UNKNOWN cannot be looked up at the moment' }],
        retry_after_ms: expect.any(Number),
      });
      expect(client.all('underlying_update')).toHaveLength(1);
      expect(client.all('snapshot')).toEqual([{ room: 'product:KNOWN', updates: 1 }]);
      expect(client.all('error')).toEqual([error]);
      expect(await gateway.metric('socket_gateway_snapshot_rooms_total{source="unavailable"}')).toBe(1);

      await back(own);
      await waitFor(async () => (await ask()).ok as boolean, 'it never answered again');
      expect(client.all('snapshot').at(-1)).toEqual({ room: 'product:UNKNOWN', updates: 0 });
      expect(client.disconnects).toEqual([]);
      await gateway.stop();
      await own.stop();
    },
  );
});

it('both of two replicas return the newest value, also the one that started later', async () => {
  const first = await GatewayProcess.start({ REDIS_URL: redis.url });
  const early = await TestClient.connect(first.url);
  for (const n of [1, 2]) await redis.client.publish(UNDERLYING, JSON.stringify(underlying('BOTH', n)));
  await early.next('underlying_update', 2);
  await waitFor(() => redis.client.exists('latest:underlying:BOTH'));
  const second = await GatewayProcess.start({ REDIS_URL: redis.url });
  const late = await TestClient.connect(second.url);
  for (const client of [early, late]) {
    // A replica that starts before the writer's next write reads the older value, and reads again
    // after it. It then also broadcasts the newer one, to the clients in `general`.
    await waitFor(async () => {
      client.clear();
      await client.ask('get_snapshot', snapshot('BOTH'));
      return client.all('underlying_update').every(({ price }) => price === 2);
    }, 'no answer had the newest value');
    client.clear();
    await client.ask('get_snapshot', snapshot('BOTH'));
    expect(client.all('underlying_update')).toEqual([underlying('BOTH', 2)]);
    expect(client.all('snapshot')).toEqual([{ room: 'product:BOTH', updates: 1 }]);
  }
});

it('a replica that starts between two writes of a key ends with the newer value, without another publication', async () => {
  const writeIntervalMs = 5_000; // longer than a replica takes to start
  const own = await RedisServer.start();
  const env = { REDIS_URL: own.url, CACHE_WRITE_INTERVAL_MS: `${writeIntervalMs}` };
  const stored = async () =>
    (JSON.parse((await own.client.get('latest:underlying:BETWEEN')) ?? '{}') as { price?: number }).price;
  const first = await GatewayProcess.start(env);
  await first.ready();
  await own.client.publish(UNDERLYING, JSON.stringify(underlying('BETWEEN', 1)));
  await waitFor(async () => (await stored()) === 1, 'the first price was not written');
  await own.client.publish(UNDERLYING, JSON.stringify(underlying('BETWEEN', 2)));
  const second = await GatewayProcess.start(env);
  await second.ready();
  const late = await TestClient.connect(second.url);
  await late.ask('subscribe', { type: 'product', symbol: 'BETWEEN' });
  const newest = () => late.all('underlying_update').at(-1)?.price;
  await waitFor(
    () => newest() === 2,
    () => `the late replica has ${newest()}`,
    writeIntervalMs + 5_000,
  );
  late.clear();
  await late.ask('get_snapshot', snapshot('BETWEEN'));
  expect(late.all('underlying_update')).toEqual([underlying('BETWEEN', 2)]);
});
