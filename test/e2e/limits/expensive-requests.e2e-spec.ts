import type { ErrorPayload } from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { Platform, UNDERLYING } from '../../support/platform.js';
import { RawWebSocket } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const symbols = (count: number, name = 'P') => Array.from({ length: count }, (_, n) => `${name}${n}`);
const products = (...names: string[]) => ({ type: 'product', symbols: names });

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());
afterEach(() => redis.client.flushall());

const start = (env: Record<string, string> = {}) => GatewayProcess.start({ REDIS_URL: redis.url, ...env });
const refused = (gateway: GatewayProcess, limit: string) =>
  gateway.metric(`socket_gateway_requests_refused_total{limit="${limit}"}`);

describe('the work of a request', () => {
  const KNOWN = symbols(20);
  let gateway: GatewayProcess;
  let client: TestClient;
  beforeEach(async () => {
    gateway = await start({ WORK_BURST: '60', WORK_PER_SECOND: '2', PRODUCTS: KNOWN.join() });
    client = await TestClient.connect(gateway.url);
    client.clear();
  });
  afterEach(() => gateway.stop());

  it('is rejected beyond work_burst before any of it is done, and accepted at the announced time', async () => {
    // The gateway knows only the names of these products: each costs 1 and a read of the store, 5
    // in all.
    const [first, second] = (await Promise.all([
      client.ask('subscribe', products(...KNOWN.slice(0, 12))),
      client.ask('subscribe', products('P18', 'P19')),
    ])) as [object, { error: ErrorPayload }];
    expect(first).toMatchObject({ ok: true });
    const { error } = second;
    expect(error).toMatchObject({ code: 'RATE_LIMITED', event: 'subscribe' });
    expect(error.retry_after_ms).toBeGreaterThan(0);
    expect(error.retry_after_ms).toBeLessThanOrEqual(5_000);
    expect(client.all('subscribed')).toHaveLength(12);
    expect(client.all('error')).toEqual([error]);
    expect(await refused(gateway, 'work')).toBe(1);
    expect(await gateway.metric('socket_gateway_request_work_total{event="subscribe"}')).toBe(60);
    await new Promise((resolve) => setTimeout(resolve, error.retry_after_ms));
    expect(await client.ask('subscribe', products('P18', 'P19'))).toMatchObject({ ok: true });
    expect(client.disconnects).toEqual([]);
  });

  it.each([
    ['unsubscribe', products(...KNOWN), 20],
    ['get_snapshot', products(...KNOWN.slice(0, 4)), 20],
    ['get_products', undefined, 1],
    ['list_subscriptions', undefined, 1],
    ['refresh_token', { token: 'a token' }, 10],
  ])('of %s is counted', async (event, payload, units) => {
    await client.ask(event, ...(payload === undefined ? [] : [payload]));
    expect(await gateway.metric(`socket_gateway_request_work_total{event="${event}"}`)).toBe(units);
  });

  it('of one client does not count for another, nor for the same user after a reconnection', async () => {
    await client.ask('subscribe', products(...KNOWN.slice(0, 12)));
    for (let n = 0; n < 2; n++) {
      const other = await TestClient.connect(gateway.url);
      expect(await other.ask('subscribe', products(...KNOWN.slice(0, 12)))).toMatchObject({ ok: true });
      other.close();
    }
  });

  it('is done for a single request that costs more than work_burst', async () => {
    expect(await client.ask('subscribe', products(...KNOWN))).toMatchObject({
      ok: true,
      rooms: { length: 20 },
    });
  });
});

it('a subscription to general costs more if the client is sent more stale products', async () => {
  const gateway = await start({ PRODUCTS: symbols(500).join(), STALE_AFTER_MS: '100' });
  const prices = redis.client.pipeline();
  for (const name of symbols(500)) prices.publish(UNDERLYING, JSON.stringify(underlying(name, 1)));
  await prices.exec();
  await waitFor(async () => (await gateway.metric('socket_gateway_cache_entries')) === 500);
  await waitFor(async () => (await gateway.metric('socket_gateway_stale_products')) === 500);
  const client = await TestClient.connect(gateway.url);
  await client.ask('subscribe', { type: 'general' });
  expect(await gateway.metric('socket_gateway_request_work_total{event="subscribe"}')).toBe(21);
  await gateway.stop();
});

it('a list of products costs more if more rooms are listed with it', async () => {
  const gateway = await start({ PRODUCTS: symbols(150).join() });
  const client = await TestClient.connect(gateway.url);
  await client.ask('get_products');
  const cost = () => gateway.metric('socket_gateway_request_work_total{event="get_products"}');
  expect(await cost()).toBe(1);
  await client.ask('subscribe', products(...symbols(100)));
  await client.ask('get_products');
  expect(await cost()).toBe(3); // 150 products and 101 rooms
  client.close();
  await gateway.stop();
});

const UNSUBSCRIPTIONS = 'socket_gateway_client_messages_total{event="unsubscribe"}';

describe('with the default limits', () => {
  const ALL = symbols(999); // and general
  let gateway: GatewayProcess;
  beforeAll(async () => void (gateway = await start({ PRODUCTS: ALL.join() })));
  afterAll(() => gateway.stop());

  it.each([1, 100])(
    'a client restores all its subscriptions after a reconnection, %d in a request, without a rejection',
    async (batch) => {
      const client = await TestClient.connect(gateway.url);
      const asked = [];
      for (let n = 0; n < ALL.length; n += batch) {
        asked.push(client.ask('subscribe', products(...ALL.slice(n, n + batch))));
      }
      const answers = (await Promise.all(asked)) as { readonly ok: boolean }[];
      expect(answers.filter(({ ok }) => !ok)).toEqual([]);
      expect(((await client.ask('get_products')) as { rooms: unknown[] }).rooms).toHaveLength(1_000);
      client.close();
    },
  );

  it('a large message counts as several, and a client that keeps sending them is closed', async () => {
    const client = await RawWebSocket.connect(gateway.url);
    const junk = '['.repeat(30_000) + ']'.repeat(30_000);
    for (let n = 0; n < 100; n++) client.send(`42["subscribe",{"type":"general","junk":${junk}}]`);
    await waitFor(
      () => client.closeCode === 4029,
      () => `closed with ${client.closeCode}`,
    );
    // 2,400 messages: EVENT_BURST, and as many rejected ones, each counted as 59.
    expect(client.events('subscribed').length).toBeLessThanOrEqual(41);
  });

  it('the largest requests that the limits allow are accepted', async () => {
    const client = await TestClient.connect(gateway.url);
    const long = symbols(100, 'L'.repeat(28));
    for (let n = 0; n < 20; n++) {
      expect(await client.ask('unsubscribe', products(...long))).toMatchObject({ ok: true });
    }
    expect(client.disconnects).toEqual([]);
    client.close();
  });

  it('requests of one client are done and answered in order, however many there are', async () => {
    const client = await TestClient.connect(gateway.url);
    const order: number[] = [];
    const asked = Array.from({ length: 60 }, async (_, n) => {
      const event = n % 3 === 2 ? 'get_products' : n % 3 === 1 ? 'unsubscribe' : 'subscribe';
      await client.ask(event, ...(event === 'get_products' ? [] : [products(...ALL.slice(0, 50))]));
      order.push(n);
    });
    await Promise.all(asked);
    expect(order).toEqual(order.map((_, n) => n));
    const rooms = client.received.flatMap(({ event, payload }) =>
      event === 'subscribed' || event === 'unsubscribed' ? [{ event, ...(payload as { room: string }) }] : [],
    );
    expect(rooms.map(({ event, room }) => `${event} ${room}`)).toEqual(
      Array.from({ length: 20 }, () =>
        ['subscribed', 'unsubscribed'].flatMap((event) =>
          ALL.slice(0, 50).map((symbol) => `${event} product:${symbol}`),
        ),
      ).flat(),
    );
    expect(await client.ask('list_subscriptions')).toEqual({ ok: true, rooms: ['general'] });
    client.close();
  });

  it('the gateway stays responsive during a thousand large requests that arrived in one write', async () => {
    const before = await gateway.metric(UNSUBSCRIPTIONS);
    const client = await RawWebSocket.connect(gateway.url);
    client.tcp.cork();
    const batch = JSON.stringify(['unsubscribe', products(...ALL.slice(0, 90))]);
    for (let n = 0; n < 1_000; n++) client.send(`42${batch}`);
    client.tcp.uncork();
    const done = await gateway.metric(UNSUBSCRIPTIONS);
    expect(done - before).toBeLessThan(1_000);
    await waitFor(
      async () => (await gateway.metric(UNSUBSCRIPTIONS)) - before === 1_000,
      'not all were done',
    );
    client.tcp.destroy();
  });

  it('the waiting requests of a client that disconnected are dropped', async () => {
    const client = await RawWebSocket.connect(gateway.url);
    for (let n = 0; n < 1_000; n++)
      client.send(`42${JSON.stringify(['unsubscribe', products(...ALL.slice(0, 90))])}`);
    client.tcp.destroy();
    await waitFor(async () => (await gateway.metric('socket_gateway_connections')) === 0);
    await waitFor(async () => (await gateway.metric('socket_gateway_requests_waiting')) === 0);
  });

  it("a client's subscriptions are logged once per request, and only some of many requests", async () => {
    const client = await TestClient.connect(gateway.url);
    const { client_id } = await client.next('connected');
    await client.ask('subscribe', products(...ALL.slice(0, 50)));
    for (let n = 0; n < 200; n++) {
      const event = n % 2 === 0 ? 'unsubscribe' : 'subscribe';
      await client.ask(event, products(...ALL.slice(0, 3)));
    }
    const lines = gateway.logs.filter(
      ({ msg, client_id: id }) => id === client_id && /^client_(un)?subscribed$/.test(msg ?? ''),
    );
    expect(lines[0]).toMatchObject({
      count: 50,
      rooms: ALL.slice(0, 5).map((symbol) => `product:${symbol}`),
    });
    expect(lines.length).toBeGreaterThanOrEqual(5);
    expect(lines.length).toBeLessThan(100);
    client.close();
  });
});

describe('a product with more expiries than a snapshot may contain', () => {
  const EXPIRIES = Array.from({ length: 30 }, (_, n) =>
    new Date(Date.UTC(2026, 10, 26 + 7 * n)).toISOString().slice(0, 10),
  );
  const room = 'chain:WIDE';
  const cut = { updates: 10, available: 30 };
  let gateway: GatewayProcess;
  let platform: Platform;
  beforeAll(async () => {
    gateway = await start({ MAX_CHAINS_PER_SNAPSHOT: '10' });
    await gateway.ready();
    platform = new Platform(redis, gateway);
  });
  afterAll(() => gateway.stop());
  beforeEach(async () => {
    for (const expiry of [...EXPIRIES].reverse()) await platform.chain('WIDE', 1, expiry);
    await platform.carried();
  });

  it('sends a subscriber the nearest ones and their number, and the others when they change', async () => {
    const client = await TestClient.connect(gateway.url);
    await client.ask('unsubscribe', { type: 'general' });
    await client.ask('subscribe', { type: 'chain', symbol: 'WIDE' });
    expect(client.all('subscribed')).toEqual([{ room, message: `Subscribed to ${room}`, ...cut }]);
    expect(client.all('chain_update').map(({ expiry }) => expiry)).toEqual(EXPIRIES.slice(0, 10));
    await platform.chain('WIDE', 2, EXPIRIES[29]);
    expect(await client.next('chain_update', 11)).toMatchObject({ expiry: EXPIRIES[29], spot_price: 2 });
    client.close();
  });

  it('returns the nearest ones and their number to get_snapshot', async () => {
    const client = await TestClient.connect(gateway.url);
    await client.ask('unsubscribe', { type: 'general' });
    const answer: unknown = await client.ask('get_snapshot', { type: 'chain', symbol: 'WIDE' });
    expect(answer).toEqual({ ok: true, rooms: [room], snapshots: [{ room, ...cut }] });
    expect(client.all('snapshot')).toEqual([{ room, ...cut }]);
    expect(client.all('chain_update').map(({ expiry }) => expiry)).toEqual(EXPIRIES.slice(0, 10));
    client.close();
  });

  it('has a room for each of them', async () => {
    const client = await TestClient.connect(gateway.url);
    const expiry = EXPIRIES[20]!;
    await client.ask('subscribe', { type: 'chain', symbol: 'WIDE', expiry });
    expect(client.all('subscribed')).toEqual([
      { room: `${room}:${expiry}`, message: `Subscribed to ${room}:${expiry}` },
    ]);
    client.close();
  });
});

describe('rooms of products that the gateway has never seen', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await start({ MAX_UNKNOWN_SUBSCRIPTIONS: '5', PRODUCTS: 'KNOWN1,KNOWN2' });
    await gateway.ready();
  });
  afterAll(() => gateway.stop());

  it('are limited per client, separately from those of known products, until the products are known', async () => {
    const platform = new Platform(redis, gateway);
    const client = await TestClient.connect(gateway.url);
    const subscribe = (...names: string[]) => client.ask('subscribe', products(...names));
    expect(await subscribe(...symbols(5, 'NEW'), 'KNOWN1')).toMatchObject({ ok: true });
    expect(await subscribe('NEW0', 'KNOWN2')).toMatchObject({ ok: true });
    const { error } = (await subscribe('NEW5')) as { error: ErrorPayload };
    expect(error).toMatchObject({
      code: 'TOO_MANY_SUBSCRIPTIONS',
      details: [{ field: 'symbols', problem: expect.stringContaining('never seen above 5') }],
    });
    // This client subscribed before the first message arrives, and regains a room with it.
    client.clear();
    await platform.underlying('NEW0', 1);
    expect(await client.next('underlying_update')).toMatchObject({ product: 'NEW0' });
    expect(await subscribe('NEW5')).toMatchObject({ ok: true });
    expect(await subscribe('NEW6')).toMatchObject({ ok: false });
    client.close();
  });

  it('are rejected as a whole in a batch, and counted by room', async () => {
    const client = await TestClient.connect(gateway.url);
    expect(await client.ask('subscribe', products(...symbols(6, 'MADE-UP'), 'KNOWN1'))).toMatchObject({
      ok: false,
    });
    expect(await client.ask('list_subscriptions')).toEqual({ ok: true, rooms: ['general'] });
    client.close();
  });
});
