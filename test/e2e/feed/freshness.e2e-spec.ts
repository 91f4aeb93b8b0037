import type { FeedStatuses, ProductStatus } from '../../../src/contract/index.js';
import { repeat } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { closedMarket, OPEN_MARKET } from '../../support/market-hours.js';
import { chain, EXPIRY, STRIKES, timestampOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { SlowRedis } from '../../support/slow-redis.js';
import { type Received, TestClient, TRANSPORTS } from '../../support/test-client.js';
import { hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const STALE_MS = 1_000;
/** A configured product that appears on the feed only if a test publishes it. */
const EXPECTED = 'EXPECTED';
const HOUR_MS = 3_600_000;

let redis: RedisServer;
let products = 0;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

const product = () => `FRESH-${++products}`;
const price = (name: string, n: number) =>
  redis.client.publish(UNDERLYING, JSON.stringify(underlying(name, n)));
const start = (env: Record<string, string> = {}) =>
  GatewayProcess.start({
    REDIS_URL: redis.url,
    STALE_AFTER_MS: `${STALE_MS}`,
    CHAIN_STALE_AFTER_MS: `${HOUR_MS}`,
    PRODUCTS: EXPECTED,
    ...env,
  });

async function outsideGeneral(gateway: GatewayProcess, ...requests: object[]): Promise<TestClient> {
  const client = await TestClient.connect(gateway.url);
  await client.ask('unsubscribe', { type: 'general' });
  for (const request of requests) await client.ask('subscribe', request);
  client.clear();
  return client;
}

const productOf = ({ payload }: Received) => (payload as { product?: string }).product;

/** The statuses of a product that a client received, in order. */
const told = (client: TestClient, name: string): string[] =>
  client
    .all('feed_status')
    .filter((status) => status.product === name)
    .map(({ status }) => String(status));

/**
 * Waits until a client has received these statuses. It reads the history, because a live product
 * may already be stale again.
 */
const tells = (client: TestClient, name: string, ...statuses: string[]) =>
  waitFor(
    () => told(client, name).slice(0, statuses.length).join() === statuses.join(),
    () => `${name} ${statuses.join()} expected, told ${JSON.stringify(client.all('feed_status'))}`,
  );

/**
 * Waits until the sweeps have covered everything published before: a product published now has
 * become stale.
 */
async function swept(client: TestClient): Promise<void> {
  const last = product();
  await price(last, 1);
  await tells(client, last, 'stale');
}

describe('a product whose prices stop', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => void (gateway = await start()));
  afterAll(() => gateway.stop());

  it('becomes stale once and live once for each client, whatever rooms the client is in', async () => {
    const name = product();
    const watcher = await TestClient.connect(gateway.url);
    const everywhere = await TestClient.connect(gateway.url);
    for (const request of [
      { type: 'product', symbol: name },
      { type: 'chain', symbol: name },
      { type: 'chain', symbol: name, expiry: EXPIRY },
    ]) {
      await everywhere.ask('subscribe', request);
    }
    const inOne = [
      watcher,
      await outsideGeneral(gateway, { type: 'product', symbol: name }),
      await outsideGeneral(gateway, { type: 'chain', symbol: name }),
      await outsideGeneral(gateway, { type: 'chain', symbol: name, expiry: EXPIRY }),
    ];
    const elsewhere = await outsideGeneral(gateway, { type: 'product', symbol: `${name}X` });

    const before = Date.now();
    await price(name, 1);
    await watcher.next('underlying_update');
    const after = Date.now();
    for (const client of [...inOne, everywhere]) await tells(client, name, 'stale');
    const status = watcher.all('feed_status').find((entry) => entry.product === name)!;
    expect(Object.keys(status)).toEqual(['product', 'status', 'last_update', 'age_ms']);
    expect(status.last_update).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(String(status.last_update))).toBeGreaterThanOrEqual(before);
    expect(Date.parse(String(status.last_update))).toBeLessThanOrEqual(after);
    expect(status.age_ms).toBeGreaterThanOrEqual(STALE_MS);

    // A new chain is not a new price.
    await redis.client.publish(OPTION_CHAIN, JSON.stringify(chain(name, 2)));
    await everywhere.next('chain_update');
    await swept(watcher);
    for (const client of [...inOne, everywhere]) expect(told(client, name)).toEqual(['stale']);

    for (const client of inOne) client.clear();
    await price(name, 3);
    for (const client of inOne) await tells(client, name, 'live');
    await tells(everywhere, name, 'stale', 'live');
    const own = (entry: Received) => productOf(entry) === name;
    await watcher.next('underlying_update');
    // It may be stale again by now.
    expect(watcher.received.filter(own).slice(0, 2)).toEqual([
      {
        event: 'feed_status',
        payload: { product: name, status: 'live', last_update: expect.any(String), age_ms: 0 },
      },
      { event: 'underlying_update', payload: underlying(name, 3) },
    ]);
    await price(name, 4);
    await watcher.next('underlying_update', 2);
    await elsewhere.settled();
    expect(elsewhere.counts()).toEqual({ products: 1 });
    for (const client of [...inOne, everywhere, elsewhere]) client.close();
  });

  it('is reported as stale to later clients: on connection, after a snapshot, and on return to general', async () => {
    const name = product();
    const watcher = await TestClient.connect(gateway.url);
    await price(name, 1);
    await redis.client.publish(OPTION_CHAIN, JSON.stringify(chain(name, 1)));
    await tells(watcher, name, 'stale');

    const late = await TestClient.connect(gateway.url);
    await tells(late, name, 'stale');
    expect(late.received[0]).toMatchObject({ event: 'connected' });
    const status = {
      event: 'feed_status',
      payload: expect.objectContaining({ product: name, status: 'stale' }),
    };

    const asker = await outsideGeneral(gateway);
    await asker.ask('subscribe', { type: 'product', symbol: name });
    await asker.ask('subscribe', { type: 'chain', symbol: name, expiry: EXPIRY });
    expect(asker.received).toEqual([
      { event: 'subscribed', payload: expect.objectContaining({ room: `product:${name}` }) },
      { event: 'underlying_update', payload: underlying(name, 1) },
      status,
      { event: 'subscribed', payload: expect.objectContaining({ room: `chain:${name}:${EXPIRY}` }) },
      { event: 'chain_update', payload: { ...chain(name, 1), strikes: STRIKES } },
      status,
    ]);
    asker.clear();
    await asker.ask('subscribe', { type: 'general' });
    expect(asker.received[0]).toMatchObject({ event: 'subscribed' });
    expect(told(asker, name)).toEqual(['stale']);
    expect(told(watcher, name)).toEqual(['stale']);
    for (const client of [watcher, late, asker]) client.close();
  });

  it('that is configured but never arrives is reported only to clients that ask for it', async () => {
    const watcher = await TestClient.connect(gateway.url);
    await swept(watcher);
    const waiting = await outsideGeneral(gateway);
    await waiting.ask('subscribe', { type: 'product', symbol: EXPECTED });
    expect(await waiting.next('feed_status')).toEqual({
      product: EXPECTED,
      status: 'stale',
      last_update: null,
      age_ms: null,
    });
    waiting.clear();
    await price(EXPECTED, 1);
    await tells(waiting, EXPECTED, 'live');
    await waiting.next('underlying_update');
    const events = waiting.received.map(({ event }) => event);
    expect(events.slice(0, 2)).toEqual(['feed_status', 'underlying_update']);
    await watcher.next('underlying_update');
    // The watcher may be told only that the price, once there, has stopped.
    const early = watcher
      .all('feed_status')
      .filter((status) => status.product === EXPECTED && (status.status === 'live' || !status.last_update));
    expect(early).toEqual([]);
    for (const client of [watcher, waiting]) client.close();
  });

  it('is shown in /health, which stays healthy, and in the metrics', async () => {
    const name = product();
    const watcher = await TestClient.connect(gateway.url);
    const count = (status: string) => gateway.metric(`socket_gateway_feed_status_total{status="${status}"}`);
    await price(name, 1);
    await tells(watcher, name, 'stale');
    const [stale, live] = [await count('stale'), await count('live')];
    const response = await gateway.get('/health');
    expect(response.status).toBe(200);
    const { status, details } = (await response.json()) as {
      status: string;
      details: { freshness: { status: string; stale_products: number; products: string[] } };
    };
    expect([status, details.freshness.status]).toEqual(['healthy', 'up']);
    expect(details.freshness.products).toContain(name);
    expect(details.freshness.products.length).toBeLessThanOrEqual(20);
    expect(await gateway.metric('socket_gateway_stale_products')).toBe(details.freshness.stale_products);
    await price(name, 2);
    await tells(watcher, name, 'stale', 'live');
    expect(await count('live')).toBe(live + 1);
    await tells(watcher, name, 'stale', 'live', 'stale');
    expect(await count('stale')).toBe(stale + 1);
    expect((await gateway.get('/health/ready')).status).toBe(200);
    watcher.close();
  });
});

describe('stored prices', () => {
  afterEach(() => redis.client.flushall());

  const put = (name: string, ageMs: number) =>
    redis.client.set(
      `latest:underlying:${name}`,
      JSON.stringify({ price: 1, timestamp: new Date(Date.now() - ageMs).toISOString().replace('Z', '') }),
    );

  it('are stale if they are old, whether they are read at the start or on request', async () => {
    const [old, young, oldLater, youngLater] = [product(), product(), product(), product()];
    await put(old, 2 * HOUR_MS);
    await put(young, 1_000);
    const gateway = await start({ STALE_AFTER_MS: `${HOUR_MS}` });
    await put(oldLater, 2 * HOUR_MS);
    await put(youngLater, 1_000);
    const watcher = await TestClient.connect(gateway.url);
    await tells(watcher, old, 'stale');
    const asker = await outsideGeneral(gateway);
    for (const symbol of [old, young, oldLater, youngLater]) {
      await asker.ask('subscribe', { type: 'product', symbol });
      await waitFor(() => asker.all('underlying_update').some((update) => update.product === symbol));
      await asker.settled();
    }
    const events = asker.received.filter(({ event }) => event !== 'products' && event !== 'subscribed');
    expect(events.map((entry) => `${entry.event} ${productOf(entry)}`)).toEqual([
      `underlying_update ${old}`,
      `feed_status ${old}`,
      `underlying_update ${young}`,
      `underlying_update ${oldLater}`,
      `feed_status ${oldLater}`,
      `underlying_update ${youngLater}`,
    ]);
    expect(asker.all('feed_status').map(({ status }) => String(status))).toEqual(['stale', 'stale']);
    expect(asker.all('feed_status')[0]!.age_ms).toBeGreaterThanOrEqual(2 * HOUR_MS);

    await price(old, Date.now());
    await tells(watcher, old, 'stale', 'live');
    await gateway.stop();
  });

  it('are reported stale once per waiting client, after the snapshot, and once to all other clients', async () => {
    const name = product();
    const slow = await SlowRedis.start(redis.port);
    const gateway = await start({ REDIS_URL: slow.url, STALE_AFTER_MS: `${HOUR_MS}` });
    await put(name, 2 * HOUR_MS);
    await redis.client.set(`latest:chain:${name}:${EXPIRY}`, JSON.stringify(chain(name, 1)));
    const watcher = await TestClient.connect(gateway.url);
    const askers = [
      await outsideGeneral(gateway),
      await outsideGeneral(gateway),
      await outsideGeneral(gateway),
    ];
    const ofChain = await outsideGeneral(gateway);
    const ofBoth = await outsideGeneral(gateway);
    slow.hold(/latest:/);
    for (const client of [...askers, ofBoth])
      await client.ask('subscribe', { type: 'product', symbol: name });
    for (const client of [ofChain, ofBoth]) {
      await client.ask('subscribe', { type: 'chain', symbol: name, expiry: EXPIRY });
    }
    slow.release();
    await ofChain.next('chain_update');
    await ofBoth.next('chain_update');
    for (const client of askers) {
      await tells(client, name, 'stale');
      await client.settled();
      expect(client.received.map(({ event }) => event)).toEqual([
        'subscribed',
        'underlying_update',
        'feed_status',
        'products',
      ]);
    }
    for (const client of [ofChain, ofBoth, watcher]) {
      await client.settled();
      expect(told(client, name)).toEqual(['stale']);
    }
    await gateway.stop();
    await slow.stop();
  });

  it('make a product live again after an outage in which every product became stale', async () => {
    const [first, second] = [product(), product()];
    const gateway = await start();
    const watcher = await TestClient.connect(gateway.url);
    await price(first, 1);
    await price(second, 1);
    await watcher.next('underlying_update', 2);
    await redis.kill();
    await tells(watcher, first, 'stale');
    await tells(watcher, second, 'stale');
    const health = await gateway.get('/health');
    expect(health.status).toBe(503);
    expect(((await health.json()) as { details: object }).details).toMatchObject({
      freshness: { products: expect.arrayContaining([first, second]) },
    });
    watcher.clear();
    await redis.restart();
    // When the gateway reads it, this price must be younger than the stale limit and newer than the
    // prices of the fixtures.
    const stop = repeat(() => put(first, 0), 50);
    await waitFor(() => told(watcher, first).includes('live'), 'it never came back');
    stop();
    await watcher.next('underlying_update');
    expect(watcher.received.slice(0, 3).map(({ event }) => event)).toEqual([
      'feed_gap',
      'feed_status',
      'underlying_update',
    ]);
    await swept(watcher);
    expect(told(watcher, second)).toEqual([]);
    await gateway.stop();
  });
});

it('two replicas send their clients the same statuses', async () => {
  const name = product();
  const gateways = [await start(), await start()];
  const clients = await Promise.all(gateways.map((gateway) => TestClient.connect(gateway.url)));
  await price(name, 1);
  for (const client of clients) await tells(client, name, 'stale');
  await price(name, 2);
  for (const client of clients) await tells(client, name, 'stale', 'live', 'stale');
  for (const gateway of gateways) await gateway.stop();
});

it('a replayed recording is live while it runs, although its times are old', async () => {
  const [replayed, silent] = [product(), product()];
  const STALE_AFTER_MS = 6_000;
  const gateway = await start({ STALE_AFTER_MS: `${STALE_AFTER_MS}` });
  const watcher = await TestClient.connect(gateway.url);
  await price(silent, 1);
  await watcher.next('underlying_update');
  let n = 0;
  const stop = repeat(() => price(replayed, ++n), 20);
  try {
    await tells(watcher, silent, 'stale');
    await swept(watcher);
    expect(Date.parse(timestampOf(n))).toBeLessThan(Date.now() - STALE_AFTER_MS);
    expect(told(watcher, replayed)).toEqual([]);
  } finally {
    stop();
  }
  await tells(watcher, replayed, 'stale');
  await gateway.stop();
}, 90_000);

it('outside market hours, statuses are sent only for products whose own market is open', async () => {
  const [closed, open] = [product(), product()];
  const gateway = await start({
    STALE_AFTER_MS: '100',
    MARKET_HOURS: `${closedMarket()}; ${open}=${OPEN_MARKET}`,
  });
  const watcher = await TestClient.connect(gateway.url);
  await watcher.ask('subscribe', { type: 'product', symbols: [closed, EXPECTED] });
  await price(closed, 1);
  await price(open, 1);
  await tells(watcher, open, 'stale');
  await price(open, 2);
  await tells(watcher, open, 'stale', 'live', 'stale');
  expect(told(watcher, closed)).toEqual([]);
  expect(told(watcher, EXPECTED)).toEqual([]);
  const late = await outsideGeneral(gateway);
  await late.ask('subscribe', { type: 'product', symbol: closed });
  expect(late.counts()).toEqual({ subscribed: 1, underlying_update: 1 });
  expect(await gateway.metric('socket_gateway_stale_products')).toBe(1);
  expect((await gateway.json<{ details: unknown }>('/health')).details).toMatchObject({
    freshness: { stale_products: 1, products: [open] },
  });
  await gateway.stop();
});

it('an invalid schedule stops the start with an explanation', async () => {
  const gateway = GatewayProcess.spawn({ REDIS_URL: redis.url, MARKET_HOURS: 'Asia/Kolkata Mon-Fri 9-15' });
  expect(await gateway.exit()).toBe(1);
  expect(gateway.stderr).toContain('MARKET_HOURS is "Asia/Kolkata Mon-Fri 9-15", but must be like');
  expect(gateway.stderr).toContain('"9-15" is not a time such as 09:15-15:30.');
});

describe('a chain that stops while the prices of its product continue', () => {
  const QUIET_EXPIRY = '2026-12-03';
  let gateway: GatewayProcess;
  beforeAll(
    async () =>
      void (gateway = await start({ STALE_AFTER_MS: '60000', CHAIN_STALE_AFTER_MS: `${STALE_MS}` })),
  );
  afterAll(() => gateway.stop());

  const chained = (name: string, n: number, text = JSON.stringify(chain(name, n))) =>
    redis.client.publish(OPTION_CHAIN, text);
  const chainTold = (client: TestClient, name: string) =>
    client.all('chain_status').filter(({ product }) => product === name);
  const withIv = (name: string, n: number, iv: string) => {
    const text = JSON.stringify(chain(name, n));
    return text.replace(/"iv":[\d.]+/, `"iv":${iv}`);
  };

  it('is reported as stale once, only to its rooms and to later subscribers, and then as live', async () => {
    const name = product();
    const inRooms = await Promise.all([
      outsideGeneral(gateway, { type: 'chain', symbol: name }),
      outsideGeneral(gateway, { type: 'chain', symbol: name, expiry: EXPIRY }),
    ]);
    const others = await Promise.all([
      TestClient.connect(gateway.url),
      outsideGeneral(gateway, { type: 'product', symbol: name }),
      outsideGeneral(gateway, { type: 'chain', symbol: name, expiry: QUIET_EXPIRY }),
    ]);
    await price(name, 1);
    await others[1].next('underlying_update');
    for (const client of [...inRooms, ...others]) {
      await client.settled();
      client.clear();
    }
    await chained(name, 1);
    for (const client of inRooms) await client.next('chain_update');
    // A client that was told that its chain is unknown receives the status live with the first
    // update.
    const sinceStale = (client: TestClient) => {
      const all = chainTold(client, name);
      return all.slice(all.findIndex(({ status }) => status === 'stale'));
    };
    for (const client of inRooms)
      await waitFor(() => chainTold(client, name).some(({ status }) => status === 'stale'), 'not stale');
    await price(name, 2);
    for (const client of inRooms) {
      const stale = { product: name, expiry: EXPIRY, status: 'stale', last_update: expect.any(String) };
      expect(sinceStale(client)).toEqual([{ ...stale, age_ms: expect.any(Number) }]);
      expect(sinceStale(client)[0]!.age_ms).toBeGreaterThanOrEqual(STALE_MS);
      expect(client.all('feed_status')).toEqual([]);
    }
    await others[1].next('underlying_update');
    for (const client of others) {
      expect(chainTold(client, name)).toEqual([]);
      expect(client.all('feed_status').filter((status) => status.product === name)).toEqual([]);
    }
    const health = await gateway.json<{ details: { freshness: { chains: string[] } } }>('/health');
    expect(health.details.freshness.chains).toContain(`${name}:${EXPIRY}`);
    expect(await gateway.metric('socket_gateway_stale_chains')).toBeGreaterThan(0);

    const late = await outsideGeneral(gateway);
    await late.ask('get_snapshot', { type: 'chain', symbol: name });
    await late.ask('subscribe', { type: 'chain', symbol: name });
    await late.ask('subscribe', { type: 'chain', symbol: name, expiry: EXPIRY });
    expect(chainTold(late, name).map(({ status }) => status)).toEqual(['stale', 'stale', 'stale']);
    const events = late.received.map(({ event }) => event).filter((event) => event !== 'subscribed');
    expect(events).toEqual([
      ...['chain_update', 'chain_status', 'snapshot'],
      ...['chain_update', 'chain_status', 'chain_update', 'chain_status'],
    ]);

    for (const client of inRooms) client.clear();
    await chained(name, 3);
    for (const client of inRooms) {
      await client.next('chain_update');
      const first = client.received.slice(0, 2); // it may be stale again by now
      expect(first.map(({ event }) => event)).toEqual(['chain_status', 'chain_update']);
      expect(chainTold(client, name)[0]).toMatchObject({ status: 'live', age_ms: 0, expiry: EXPIRY });
    }
  });

  it('a producer that writes NaN for the ratio makes the chain stale, and the log and a metric name the cause', async () => {
    const own = await start({
      PRODUCTS: 'NIFTY',
      STALE_AFTER_MS: '60000',
      CHAIN_STALE_AFTER_MS: `${STALE_MS}`,
    });
    const client = await outsideGeneral(own, { type: 'chain', symbol: 'NIFTY' });
    await chained('NIFTY', 1);
    await client.next('chain_update');
    const broken = (n: number) =>
      JSON.stringify(chain('NIFTY', n)).replace(/"pcr_oi":[\d.]+/, '"pcr_oi":NaN');
    let n = 1;
    await waitFor(async () => {
      await price('NIFTY', ++n);
      await chained('NIFTY', n, broken(n));
      return client.all('chain_status').some(({ status }) => status === 'stale');
    });
    expect(client.all('chain_update')).toHaveLength(1);
    expect(own.logged('feed_message_rejected')).toMatchObject({
      product: 'NIFTY',
      expiry: EXPIRY,
      field: 'pcr_oi',
      reason: 'non_finite_number',
    });
    const rejected = 'socket_gateway_feed_bad_values_total{product="NIFTY",field="pcr_oi",action="rejected"}';
    expect(await own.metric(rejected)).toBe(n - 1);
    await own.stop();
  });

  it.each(['NaN', 'Infinity', '1e309', '"high"'])(
    'with %s for the iv of one option it stays live, with null there, counted and logged',
    async (iv) => {
      const name = product();
      const client = await outsideGeneral(gateway, { type: 'chain', symbol: name });
      const nulled = 'socket_gateway_feed_bad_values_total{product="other",field="iv",action="nulled"}';
      const before = await gateway.metric(nulled);
      await chained(name, 1, withIv(name, 1, iv));
      const update = await client.next('chain_update');
      const [leg, ...legs] = [...update.calls, ...update.puts];
      expect(leg!.iv).toBeNull();
      expect(legs).toEqual([...chain(name, 1).calls, ...chain(name, 1).puts].slice(1));
      expect(await gateway.metric(nulled)).toBe(before + 1);
      expect(gateway.logged('feed_chain_repaired')).toMatchObject({
        expiry: EXPIRY,
        field: 'iv',
        action: 'nulled',
      });
    },
  );
});

it('warns of a producer whose clock uses another time zone, and reads its times with FEED_TIME_ZONE', async () => {
  const INDIA_MS = 5.5 * HOUR_MS;
  const local = (n: number) => {
    const timestamp = new Date(Date.now() + INDIA_MS + n).toISOString().slice(0, -1);
    return JSON.stringify({ ...underlying('INDIA', n), timestamp, processed_at: timestamp });
  };
  const wrong = await start({ STALE_AFTER_MS: `${HOUR_MS}` });
  const right = await start({ STALE_AFTER_MS: `${HOUR_MS}`, FEED_TIME_ZONE: 'Asia/Kolkata' });
  const client = await TestClient.connect(right.url);
  for (let n = 1; n <= 30; n++) await redis.client.publish(UNDERLYING, local(n));
  await client.next('underlying_update', 30);
  await waitFor(() => wrong.logged('feed_time_zone_suspect') !== undefined);
  expect(wrong.logged('feed_time_zone_suspect')).toMatchObject({ product: 'INDIA', offset: '+05:30' });
  expect(right.logged('feed_time_zone_suspect')).toBeUndefined();

  // Read in the producer's zone, this price in Redis is five hours old. Read as UTC, it would be
  // current.
  const old = new Date(Date.now()).toISOString().slice(0, -1);
  await redis.client.set('latest:underlying:OLD', JSON.stringify({ price: 1, timestamp: old }));
  await client.ask('subscribe', { type: 'product', symbol: 'OLD' });
  await client.next('underlying_update', 31);
  await tells(client, 'OLD', 'stale');
  expect(client.all('feed_status').find(({ product }) => product === 'OLD')!.age_ms).toBeGreaterThan(
    5 * HOUR_MS,
  );
  await wrong.stop();
  await right.stop();
});

describe('a thousand stale products', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    const old = Array.from({ length: 1_001 }, () => [
      `latest:underlying:${product()}`,
      JSON.stringify({ price: 1, timestamp: timestampOf(1) }),
    ]);
    await redis.client.flushall();
    await redis.client.mset(...old.flat());
    gateway = await start({ STALE_AFTER_MS: '2000', AUTH_MODE: 'optional', JWT_SECRET });
  });
  afterAll(async () => {
    await gateway.stop();
    await redis.client.flushall();
  });

  const BATCHES = { statuses: 'batch' };
  const connect = (auth: object, options = TRANSPORTS.websocket) =>
    TestClient.connect(gateway.url, { ...options, auth });

  it.each(Object.entries(TRANSPORTS))(
    'a new connection over %s receives all stale statuses in one write, each product once',
    async (_, options) => {
      const clients = await Promise.all([1, 2, 3].map(() => connect({}, options)));
      for (const client of clients) {
        await client.settled();
        const statuses = client.all('feed_status');
        expect(new Set(statuses.map((status) => status.product)).size).toBe(1_000);
        expect(statuses).toHaveLength(1_000);
        expect(statuses.every(({ status }) => status === 'stale')).toBe(true);
        expect(client.all('feed_statuses')).toEqual([]);
      }
    },
  );

  it.each(Object.entries(TRANSPORTS))(
    'a new connection over %s that asks for a batch receives all stale statuses in one event',
    async (_, options) => {
      const stock = await connect({}, options);
      const clients = await Promise.all([1, 2, 3].map(() => connect(BATCHES, options)));
      await stock.settled();
      for (const client of clients) {
        await client.settled();
        expect(client.counts()).toEqual({ connected: 1, feed_statuses: 1, products: 1 });
        const [{ statuses }] = client.all('feed_statuses') as [FeedStatuses];
        const withoutAge = ({ product: name, status, last_update }: ProductStatus) => [
          name,
          status,
          last_update,
        ];
        expect(statuses.map(withoutAge)).toEqual(stock.all('feed_status').map(withoutAge));
      }
    },
  );

  it('a client with a token may ask for a batch, and receives it again when it rejoins general', async () => {
    const client = await connect({ token: hs256(), ...BATCHES });
    expect((await client.next('connected')).user).not.toBeNull();
    await client.settled();
    client.clear();
    await client.ask('unsubscribe', { type: 'general' });
    await client.ask('subscribe', { type: 'general' });
    expect(client.received.map(({ event }) => event)).toEqual([
      'unsubscribed',
      'subscribed',
      'feed_statuses',
    ]);
    expect(client.all('feed_statuses')[0]!.statuses).toHaveLength(1_000);
  });

  it('a client that asked for a batch receives later changes one by one', async () => {
    const client = await connect(BATCHES);
    await client.settled();
    client.clear();
    const name = product();
    await price(name, 1);
    await tells(client, name, 'stale');
    await price(name, 2);
    await tells(client, name, 'stale', 'live');
    expect(client.all('feed_statuses')).toEqual([]);
  });

  it.each([['each'], [true], [['batch']], [{ batch: true }]])(
    'a client that asks for statuses %j receives them one by one',
    async (statuses) => {
      const client = await connect({ statuses });
      await client.settled();
      expect(client.all('feed_status').length).toBeGreaterThanOrEqual(1_000);
      expect(client.all('feed_statuses')).toEqual([]);
    },
  );
});
