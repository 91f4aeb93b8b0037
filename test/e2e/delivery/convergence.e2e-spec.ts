import { setTimeout as delay } from 'node:timers/promises';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, timestampOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/**
 * The time within which clients, replicas and `latest:*` must agree again, in ms. It includes the
 * interval of the feed's probe and the start of Redis.
 */
const SETTLE_MS = 20_000;

let redis: RedisServer;
let products = 0;
const newProduct = (): string => `C${++products}`;

beforeEach(async () => void (redis = await RedisServer.start()));
afterEach(() => redis.stop());

const start = (env: Readonly<Record<string, string>> = {}) =>
  GatewayProcess.start({ REDIS_URL: redis.url, ...env });

/** Writes a price like the worker does: first its short form under `latest:*`, then the message. */
async function price(product: string, n: number, padding = 0): Promise<void> {
  const message = { ...underlying(product, n), padding: 'x'.repeat(padding) };
  const stored = JSON.stringify({ price: n, timestamp: message.timestamp });
  await redis.client.set(`latest:underlying:${product}`, stored, 'EX', 300);
  await redis.client.publish(UNDERLYING, JSON.stringify(message));
}

async function putChain(product: string, n: number, expiry = EXPIRY, padding = 0): Promise<string> {
  const text = JSON.stringify({ ...chain(product, n, expiry), padding: 'x'.repeat(padding) });
  await redis.client.set(`latest:chain:${product}:${expiry}`, text, 'EX', 300);
  return text;
}

const stored = async (key: string): Promise<Record<string, unknown>> =>
  JSON.parse((await redis.client.get(key)) ?? '{}') as Record<string, unknown>;

const lastPrice = (client: TestClient, product: string) =>
  client.all('underlying_update').findLast((update) => update.product === product)?.price;
const lastSpot = (client: TestClient, product: string) =>
  client.all('chain_update').findLast((update) => update.product === product)?.spot_price;

/** Closes the feed connection of one replica, as Redis does if a replica reads too slowly. */
async function cutFeed(gateway: GatewayProcess): Promise<void> {
  const list = (await redis.client.client('LIST')) as string;
  const ids = list
    .split('\n')
    .flatMap((line) => (/name=\S*:feed\b/.test(line) ? /\bid=(\d+)/.exec(line)![1]! : []));
  expect(ids).toHaveLength(1);
  expect(gateway.exitCode).toBeNull();
  await redis.client.client('KILL', 'ID', ids[0]!);
}

describe('a replica that is frozen while Redis closes its feed connection', () => {
  /**
   * Freezes `gateway` until Redis has closed its feed connection. `publish` must send enough to
   * cause that.
   */
  async function freeze(gateway: GatewayProcess, publish: () => Promise<void>): Promise<void> {
    await redis.client.config('SET', 'client-output-buffer-limit', 'pubsub 1mb 512kb 1');
    process.kill(gateway.pid, 'SIGSTOP');
    try {
      await publish();
      await delay(1_500); // Redis applies its soft limit only after some time
      await publish();
    } finally {
      process.kill(gateway.pid, 'SIGCONT');
    }
  }

  it("catches up with the worker's newest price, and keeps it under latest:*", async () => {
    const product = newProduct();
    const gateway = await start();
    const client = await TestClient.connect(gateway.url);
    await price(product, 1);
    await client.next('underlying_update');
    let n = 1;
    await freeze(gateway, async () => {
      for (let i = 0; i < 300; i++) await price(product, ++n, 20_000);
    });
    const key = `latest:underlying:${product}`;
    await waitFor(() => lastPrice(client, product) === n, 'the client stays on an older price', SETTLE_MS);
    await delay(2_500); // two intervals in which it might write
    expect(lastPrice(client, product)).toBe(n);
    expect(await stored(key)).toMatchObject({ price: n });
    expect(client.all('feed_gap')).toHaveLength(1);
    expect(await gateway.metric('socket_gateway_feed_gaps_total')).toBe(1);
    expect(gateway.logged('feed_gap')).toMatchObject({ since: expect.any(String), ms: expect.any(Number) });
    await gateway.stop();
  });

  it("catches up with the newest chain like the other replica, even if it held the writer's lease", async () => {
    const product = newProduct();
    const replicas = [await start(), await start()];
    const clients = await Promise.all(replicas.map(({ url }) => TestClient.connect(url)));
    for (const client of clients) await client.ask('subscribe', { type: 'chain', symbol: product });
    // The replica that writes a chain to Redis holds the writer's lease. After the freeze it may
    // write the messages left in its socket, so this test freezes that replica.
    let n = 1;
    let frozen: GatewayProcess | undefined;
    await redis.client.publish(OPTION_CHAIN, JSON.stringify(chain(product, n)));
    await waitFor(async () => {
      for (const replica of replicas) {
        if ((await replica.metric('socket_gateway_cache_store_writes_total')) > 0) frozen = replica;
      }
      return frozen;
    }, 'no replica writes the chain');
    await freeze(frozen!, async () => {
      for (let i = 0; i < 300; i++) {
        await redis.client.publish(OPTION_CHAIN, await putChain(product, ++n, EXPIRY, 20_000));
      }
    });
    const spots = () => clients.map((client) => lastSpot(client, product));
    await waitFor(
      () => spots().every((spot) => spot === n),
      () =>
        `replica ${replicas.indexOf(frozen!)} was frozen, and the clients stay on ${spots().join(' and ')} of ${n}`,
      SETTLE_MS,
    );
    await delay(2_500); // two intervals in which either might write
    expect(spots()).toEqual([n, n]);
    expect(await stored(`latest:chain:${product}:${EXPIRY}`)).toMatchObject({ spot_price: n });
    for (const replica of replicas) await replica.stop();
  });
});

it('a feed connection that Redis closes under load is reported as a gap, and the newest prices follow', async () => {
  await redis.client.config('SET', 'client-output-buffer-limit', 'pubsub 256kb 128kb 1');
  const gateway = await start();
  const client = await TestClient.connect(gateway.url);
  const names = Array.from({ length: 50 }, newProduct);
  const flood = `
    for n = 1, 200 do
      for _, name in ipairs(ARGV) do
        local time = string.format('2026-11-22T04:43:39.%03d000', n)
        redis.call('SET', 'latest:underlying:' .. name, '{"price": ' .. n .. ', "timestamp": "' .. time .. '"}', 'EX', 300)
        redis.call('PUBLISH', 'enriched:underlying', '{"product": "' .. name .. '", "price": ' .. n .. ', "timestamp": "' .. time .. '"}')
      end
    end`;
  // One script publishes everything, so that Redis cannot send anything before its limit is
  // reached.
  await redis.client.eval(flood, 0, ...names);
  await client.next('feed_gap');
  await waitFor(
    () => names.every((name) => lastPrice(client, name) === 200),
    'a client stays on an older price',
    SETTLE_MS,
  );
  await gateway.stop();
}, 120_000);

it("replicas that stop while a fast worker writes leave the worker's newest values in Redis", async () => {
  const names = Array.from({ length: 1_000 }, newProduct);
  const replicas = await Promise.all([start(), start(), start()]);
  const put = (n: number) =>
    Promise.all(
      names.map((name) =>
        redis.client.set(
          `latest:underlying:${name}`,
          JSON.stringify({ price: n, timestamp: timestampOf(n) }),
          'EX',
          300,
        ),
      ),
    );
  await put(1);
  await Promise.all(
    names.map((name) => redis.client.publish(UNDERLYING, JSON.stringify(underlying(name, 1)))),
  );
  const stops = replicas.map((replica) => replica.stop());
  await delay(130);
  for (const [index, name] of names.entries()) {
    const value = JSON.stringify({ price: 2, timestamp: timestampOf(2) });
    void redis.client.set(`latest:underlying:${name}`, value, 'EX', 300);
    if (index % 50 === 0) await delay(8);
  }
  expect(await Promise.all(stops)).toEqual([0, 0, 0]);
  const values = await redis.client.mget(names.map((name) => `latest:underlying:${name}`));
  const prices = values.map((value) => (JSON.parse(value!) as { price: number }).price);
  expect(prices.filter((value) => value !== 2)).toEqual([]);
});

describe('two updates with the same time', () => {
  const at = (product: string, n: number, value: number) => {
    const { timestamp } = underlying(product, n);
    const processed_at = timestampOf(n + value);
    return { ...underlying(product, n), price: value, timestamp, processed_at };
  };

  it('converge to the second on replicas, clients and latest:* if one replica missed it', async () => {
    const product = newProduct();
    const first = await start();
    const one = await TestClient.connect(first.url);
    await redis.client.publish(UNDERLYING, JSON.stringify(at(product, 5, 100)));
    await one.next('underlying_update');
    // This replica's first write must not come after the second update.
    await waitFor(async () => (await stored(`latest:underlying:${product}`)).price === 100);
    await cutFeed(first);
    const value = JSON.stringify({ price: 101, timestamp: timestampOf(5) });
    await redis.client.set(`latest:underlying:${product}`, value, 'EX', 300);
    await redis.client.publish(UNDERLYING, JSON.stringify(at(product, 5, 101)));
    const second = await start();
    const two = await TestClient.connect(second.url);
    await two.ask('subscribe', { type: 'product', symbol: product });
    for (const client of [one, two]) {
      await waitFor(() => lastPrice(client, product) === 101, 'a client stays on the first', SETTLE_MS);
    }
    await delay(2_500);
    expect([one, two].map((client) => lastPrice(client, product))).toEqual([101, 101]);
    expect(await stored(`latest:underlying:${product}`)).toMatchObject({ price: 101 });
    await first.stop();
    await second.stop();
  });

  it('are shown in order of processing if they arrive in the wrong order', async () => {
    const product = newProduct();
    const gateway = await start();
    const client = await TestClient.connect(gateway.url);
    for (const value of [101, 100, 102]) {
      await redis.client.publish(UNDERLYING, JSON.stringify(at(product, 5, value)));
    }
    await client.next('underlying_update', 2);
    await client.settled();
    expect(client.all('underlying_update').map((update) => update.price)).toEqual([101, 102]);
    await waitFor(async () => (await stored(`latest:underlying:${product}`)).price === 102);
    await gateway.stop();
  });
});

it('a product and an expiry that appeared during a feed outage reach the clients afterwards', async () => {
  const [known, fresh] = [newProduct(), newProduct()];
  const gateway = await start();
  await redis.client.publish(OPTION_CHAIN, JSON.stringify(chain(known, 1)));
  const client = await TestClient.connect(gateway.url);
  await client.ask('subscribe', { type: 'chain', symbol: known });
  await client.next('chain_update');
  await cutFeed(gateway);
  await putChain(known, 2, '2026-12-03');
  const value = JSON.stringify({ price: 7, timestamp: timestampOf(7) });
  await redis.client.set(`latest:underlying:${fresh}`, value, 'EX', 300);
  await waitFor(
    () => lastPrice(client, fresh) === 7 && lastSpot(client, known) === 2,
    'it was not found',
    SETTLE_MS,
  );
  const late = await TestClient.connect(gateway.url);
  await late.ask('subscribe', { type: 'chain', symbol: known });
  await late.next('chain_update', 2);
  expect(late.all('chain_update').map(({ expiry }) => expiry)).toEqual([EXPIRY, '2026-12-03']);
  expect(((await late.ask('get_products')) as { products: string[] }).products).toContain(fresh);
  await gateway.stop();
});

it('entries evicted from memory are still listed, and read from Redis for later clients', async () => {
  const product = newProduct();
  const gateway = await start({ CACHE_MAX_BYTES: '1048576' });
  const client = await TestClient.connect(gateway.url);
  await client.ask('subscribe', { type: 'chain', symbol: product });
  for (const expiry of [EXPIRY, '2026-12-03']) {
    await redis.client.publish(OPTION_CHAIN, await putChain(product, 1, expiry));
  }
  await client.next('chain_update', 2);
  const others = Array.from({ length: 20 }, newProduct);
  for (const other of others) await price(other, 1, 40_000);
  await waitFor(async () => (await gateway.metric('socket_gateway_cache_evicted_total')) > 1);
  const late = await TestClient.connect(gateway.url);
  await late.ask('subscribe', { type: 'chain', symbol: product });
  await late.next('chain_update', 2);
  expect(late.all('chain_update').map(({ expiry }) => expiry)).toEqual([EXPIRY, '2026-12-03']);
  const { products: listed } = (await late.ask('get_products')) as { products: string[] };
  expect(listed).toEqual(expect.arrayContaining([product, ...others]));
  await gateway.stop();
});

it('a replica that starts before the newest value is written receives it without another update', async () => {
  const product = newProduct();
  const writing = { CACHE_WRITE_INTERVAL_MS: '4000' };
  const first = await start(writing);
  const write = (n: number) => redis.client.publish(UNDERLYING, JSON.stringify(underlying(product, n)));
  await write(1);
  await waitFor(async () => (await stored(`latest:underlying:${product}`)).price === 1);
  await write(2); // the writer holds this value back until its interval is over
  const second = await start(writing);
  const client = await TestClient.connect(second.url);
  await client.ask('subscribe', { type: 'product', symbol: product });
  await waitFor(() => lastPrice(client, product) === 2, 'it stays on the first');
  await first.stop();
  await second.stop();
});
