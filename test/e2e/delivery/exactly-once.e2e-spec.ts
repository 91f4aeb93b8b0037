import { repeat } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, numberOf, underlying } from '../../support/messages.js';
import { RedisServer } from '../../support/redis-server.js';
import { SseClient } from '../../support/sse-client.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';

const REPLICAS = 3;
const UPDATES = 200;
const PRODUCTS = ['NIFTY', 'M&M'];
const OTHER_EXPIRY = '2026-12-03';

/**
 * The rooms that a client joins besides `general`, and how many chain updates it must receive for
 * each publication.
 */
const MIXES = [
  { name: 'general alone', subscriptions: [], chains: 0 },
  { name: 'overlapping product room', subscriptions: [{ type: 'product', symbols: PRODUCTS }], chains: 0 },
  { name: 'all chains', subscriptions: [{ type: 'chain', symbols: PRODUCTS }], chains: 2 },
  {
    name: 'overlapping chain rooms',
    subscriptions: [
      { type: 'chain', symbols: PRODUCTS },
      { type: 'chain', symbols: PRODUCTS, expiry: EXPIRY },
      { type: 'product', symbols: PRODUCTS },
    ],
    chains: 2,
  },
  { name: 'one expiry', subscriptions: [{ type: 'chain', symbols: PRODUCTS, expiry: EXPIRY }], chains: 1 },
];

const range = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

it('15 clients and 3 event streams on 3 replicas each receive each update once and in order, whatever rooms they are in', async () => {
  const redis = await RedisServer.start();
  const replicas = await Promise.all(
    // By default, the burst would exceed the limit of waiting bytes per client. No update may be
    // conflated in this test.
    range(REPLICAS).map(() =>
      GatewayProcess.start({ REDIS_URL: redis.url, CONFLATE_ABOVE_BYTES: '8388608' }),
    ),
  );
  const transports = Object.values(TRANSPORTS);
  const clients = await Promise.all(
    MIXES.flatMap((mix, index) =>
      replicas.map(async (replica, number) => {
        const client = await TestClient.connect(
          replica.url,
          transports[(index + number) % transports.length],
        );
        for (const subscription of mix.subscriptions) await client.ask('subscribe', subscription);
        return { mix, client };
      }),
    ),
  );
  expect(clients).toHaveLength(15);
  const rooms = ['general', ...PRODUCTS.flatMap((product) => [`chain:${product}`, `product:${product}`])];
  const query = `rooms=${encodeURIComponent(rooms.join())}`;
  const streams = await Promise.all(
    replicas.map(({ url }, n) =>
      SseClient.open(url, query, { headers: n % 2 === 0 ? {} : { 'Accept-Encoding': 'gzip' } }),
    ),
  );
  for (const stream of streams) await stream.next('subscribed', rooms.length);

  for (const n of range(UPDATES)) {
    for (const product of PRODUCTS) {
      void redis.client.publish('enriched:underlying', JSON.stringify(underlying(product, n)));
      void redis.client.publish('enriched:option_chain', JSON.stringify(chain(product, n)));
      void redis.client.publish('enriched:option_chain', JSON.stringify(chain(product, n, OTHER_EXPIRY)));
    }
  }

  for (const { mix, client } of clients) {
    await client.next('underlying_update', UPDATES * PRODUCTS.length);
    await client.next('chain_summary', UPDATES * PRODUCTS.length * 2);
    if (mix.chains > 0) await client.next('chain_update', UPDATES * PRODUCTS.length * mix.chains);
    await client.settled(); // a duplicate that is still in flight would arrive before this returns
    for (const product of PRODUCTS) {
      const prices = client.all('underlying_update').filter((update) => update.product === product);
      expect([mix.name, prices.map(numberOf)]).toEqual([mix.name, range(UPDATES)]);
      for (const expiry of [EXPIRY, OTHER_EXPIRY]) {
        const numbers = (event: 'chain_summary' | 'chain_update') =>
          client
            .all(event)
            .filter((update) => update.product === product && update.expiry === expiry)
            .map(numberOf);
        expect([mix.name, numbers('chain_summary')]).toEqual([mix.name, range(UPDATES)]);
        const wanted = mix.chains === 2 || (mix.chains === 1 && expiry === EXPIRY);
        expect([mix.name, expiry, numbers('chain_update')]).toEqual([
          mix.name,
          expiry,
          wanted ? range(UPDATES) : [],
        ]);
      }
    }
  }

  for (const stream of streams) {
    const numbers = (event: string, product: string) =>
      stream.all(event).flatMap(({ data }) => (data.product === product ? [numberOf(data as object)] : []));
    for (const event of ['chain_summary', 'chain_update']) {
      await stream.next(event, UPDATES * PRODUCTS.length * 2);
      const twice = range(UPDATES).flatMap((n) => [n, n]); // one for each expiry
      for (const product of PRODUCTS) expect([event, numbers(event, product)]).toEqual([event, twice]);
    }
    for (const product of PRODUCTS) expect(numbers('underlying_update', product)).toEqual(range(UPDATES));
    stream.close();
  }
  for (const { client } of clients) client.close();
  await Promise.all(replicas.map((replica) => replica.stop()));
  await redis.stop();
});

describe('the order on one replica', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;
  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url, CLOCK_RESET_AFTER_MS: '100' });
  });
  afterAll(async () => {
    await gateway.stop();
    await redis.stop();
  });

  const publish = (message: object) => redis.client.publish('enriched:underlying', JSON.stringify(message));
  const prices = (client: TestClient, product: string) =>
    client.all('underlying_update').flatMap((update) => (update.product === product ? [update.price] : []));

  it('an older message is dropped, a repeated one is not sent again, and both are counted', async () => {
    const client = await TestClient.connect(gateway.url);
    for (const n of [1, 5, 3, 4, 5, 6]) await publish(underlying('ORDER', n));
    await client.next('underlying_update', 3);
    await client.settled();
    expect(prices(client, 'ORDER')).toEqual([1, 5, 6]);
    expect(await gateway.metric('socket_gateway_feed_older_total{kind="underlying"}')).toBe(2);
    expect(await gateway.metric('socket_gateway_feed_repeated_total{kind="underlying"}')).toBe(1);
    client.close();
  });

  it('times are compared to the microsecond, in any format', async () => {
    const client = await TestClient.connect(gateway.url);
    const times = [
      '2026-11-22T04:43:39',
      '2026-11-22T04:43:39.000002',
      '2026-11-22T04:43:39.000001',
      '2026-11-22T04:43:39.5Z',
      '2026-11-22T10:13:39.4+05:30',
      '2026-11-22T04:43:40',
    ];
    for (const [index, timestamp] of times.entries())
      await publish({ ...underlying('MICRO', index), timestamp });
    await client.next('underlying_update', 4);
    await client.settled();
    expect(prices(client, 'MICRO')).toEqual([0, 1, 3, 5]);
    client.close();
  });

  it('a producer whose clock was set back is accepted again after a while, which is logged and counted', async () => {
    const client = await TestClient.connect(gateway.url);
    await publish(underlying('RESET', 1_000_000));
    await client.next('underlying_update');
    let n = 0;
    const stop = repeat(() => publish(underlying('RESET', ++n)), 20);
    await client.next('underlying_update', 10);
    stop();
    const [, first = 0, ...rest] = prices(client, 'RESET');
    expect(first).toBeGreaterThan(10); // some messages were dropped first
    expect(rest.slice(0, 3)).toEqual([first + 1, first + 2, first + 3]);
    expect(await gateway.metric('socket_gateway_feed_rebased_total{kind="underlying"}')).toBe(1);
    expect(gateway.logged('feed_clock_set_back')).toMatchObject({ product: 'RESET' });
    client.close();
  });
});

it('a client that had an update as a snapshot from Redis, before it was published, does not get it again', async () => {
  const redis = await RedisServer.start();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  await gateway.ready();
  const publish = async (channel: string, key: string, first: object, second: object) => {
    const [client, other] = [await TestClient.connect(gateway.url), await TestClient.connect(gateway.url)];
    const event = channel.endsWith('chain') ? 'chain_update' : 'underlying_update';
    const room = event === 'chain_update' ? { type: 'chain', symbol: 'A' } : { type: 'product', symbol: 'A' };
    if (event === 'chain_update') await other.ask('subscribe', room);
    await redis.client.set(key, JSON.stringify(first));
    await client.ask('subscribe', room);
    await client.next(event);
    for (const message of [first, second]) await redis.client.publish(channel, JSON.stringify(message));
    await other.next(event, 2);
    await client.next(event, 2);
    for (const one of [client, other]) {
      await one.settled();
      expect(one.all(event).map((payload) => numberOf(payload))).toEqual([1, 2]);
    }
  };
  await publish('enriched:underlying', 'latest:underlying:A', underlying('A', 1), underlying('A', 2));
  await publish('enriched:option_chain', `latest:chain:A:${EXPIRY}`, chain('A', 1), chain('A', 2));
  await gateway.stop();
  await redis.stop();
});
