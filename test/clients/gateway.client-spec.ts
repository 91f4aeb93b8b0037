import { type ClientOptions, connect } from '../../clients/typescript/src/index.js';
import { msgpack } from '../../clients/typescript/src/msgpack/index.js';
import { CheckedClient } from './support/checked-client.js';
import { Replicas } from './support/replicas.js';
import { cleanUp, repeat } from '../support/cleanup.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { EXPIRY, underlying } from '../support/messages.js';
import { Platform, UNDERLYING } from '../support/platform.js';
import { RedisServer } from '../support/redis-server.js';
import { claims, epoch, hs256, JWT_SECRET } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';

const AUTH = { AUTH_MODE: 'required', JWT_SECRET, SECRET_KEY: JWT_SECRET.toLowerCase() };

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

it.each<[string, ClientOptions]>([
  ['JSON', {}],
  ['MessagePack', { encoding: msgpack }],
])('subscribes, iterates, sends requests and disconnects, with %s', async (_, options) => {
  await redis.client.flushall();
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    PRODUCTS: 'NIFTY',
    STALE_AFTER_MS: '3000',
    CHAIN_STALE_AFTER_MS: '1000',
    REPLICA_NAME: 'one',
  });
  const platform = new Platform(redis, gateway);
  const product = platform.product();
  await platform.underlying(product, 1);
  await platform.chain(product, 1);
  await platform.carried();
  let bytes = 0;
  const onReceive = (size: number): void => void (bytes += size);
  const { client } = await CheckedClient.connect(gateway.url, { general: false, onReceive, ...options });
  expect(await client.latency()).toBeGreaterThan(0);
  expect(bytes).toBeGreaterThan(500); // `connected` has every limit
  expect(client.clientId).toMatch(/^\S{20}$/);
  expect(client.replica).toBe('one');
  expect(client.limits?.max_symbols_per_request).toBeGreaterThan(0);

  const handle = client.subscribe({ type: 'product', symbol: product });
  await handle.ready;
  const numbers: number[] = [];
  for await (const { price } of handle) {
    numbers.push(price);
    if (price === 3) break;
    await platform.underlying(product, price + 1);
  }
  expect(numbers).toEqual([1, 2, 3]);
  expect(handle.stale).toBe(false);
  expect(await client.subscriptions()).toEqual([`product:${product}`]);
  expect(await client.products()).toContain(product);

  const snapshot = await client.snapshot({ type: 'chain', symbol: product });
  expect(snapshot).toMatchObject({ updates: [{ product, expiry: EXPIRY, spot_price: 1 }], stale: [] });
  await waitFor(async () => {
    const { staleChains } = await client.snapshot({ type: 'chain', symbol: product });
    return staleChains.length === 1 && staleChains[0]!.expiry === EXPIRY;
  });
  await waitFor(async () => {
    const { updates, stale } = await client.snapshot({ type: 'product', symbols: ['NIFTY'] });
    return updates.length === 0 && stale.join() === 'NIFTY';
  });
  handle.unsubscribe();
  await waitFor(async () => (await client.subscriptions()).length === 0);
  client.close();
  await gateway.stop();
});

it.each([
  ['without a token', ['STALE1', 'STALE2'], {}, {}],
  ['with a token', ['STALE3', 'STALE4'], AUTH, { token: () => hs256() }],
])('%s it receives all stale statuses in one event', async (_, products, env, options) => {
  await redis.client.flushall();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, STALE_AFTER_MS: '500', ...env });
  const watcher = connect(gateway.url, options);
  cleanUp(() => watcher.close());
  const stopped: string[] = [];
  watcher.on('feed_status', ({ product }) => stopped.push(product));
  await watcher.products();
  for (const name of products) {
    await redis.client.publish(UNDERLYING, JSON.stringify(underlying(name, 1)));
  }
  await waitFor(() => stopped.length === 2);
  watcher.close();
  const client = connect(gateway.url, options);
  cleanUp(() => client.close());
  const batches: string[] = [];
  const one: string[] = [];
  client.on('feed_statuses', ({ statuses }) => batches.push(...statuses.map(({ product }) => product)));
  client.on('feed_status', ({ product }) => one.push(product));
  await client.products();
  expect([...batches].sort()).toEqual(products);
  expect(one).toEqual(batches);
  expect(products.map((name) => client.isStale(name))).toEqual([true, true]);
  expect(await gateway.metric('socket_gateway_snapshots_total{event="feed_statuses"}')).toBe(1);
  client.close();
  await gateway.stop();
});

it('refreshes its token when the gateway asks, and reconnects with another one after the token expired', async () => {
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    ...AUTH,
    TOKEN_EXPIRY_NOTICE_SECONDS: '4',
  });
  const reasons: string[] = [];
  const token = ({ reason }: { reason: string }) => {
    reasons.push(reason);
    return hs256(claims({ exp: epoch(reasons.length < 2 ? 6 : 3_600) }));
  };
  const checked = await CheckedClient.connect(gateway.url, { token });
  const refreshed: unknown[] = [];
  checked.client.on('token_refreshed', (payload) => refreshed.push(payload));
  expect(checked.client.user).toMatchObject({ user_id: '42' });
  await waitFor(
    () => refreshed.length === 1,
    () => reasons.join(),
  );
  expect(reasons).toEqual(['connect', 'expiring']);
  expect(checked.connections).toBe(1);

  const stranger = connect(gateway.url);
  cleanUp(() => stranger.close());
  await waitFor(() => stranger.state === 'closed');
  expect(stranger.reason).toMatchObject({ name: 'ConnectionRefused', code: 'AUTH_REQUIRED' });
  checked.client.close();
  await gateway.stop();
});

it('loses no update during a drain: each price arrives once and in order, and is never stale', async () => {
  const replicas = await Replicas.start(2, { REDIS_URL: redis.url, DRAIN_TIMEOUT_MS: '5000' });
  const clients = await Promise.all(
    Array.from({ length: 6 }, () => CheckedClient.connect(replicas.url, { general: false })),
  );
  const stale: { readonly stale: boolean }[] = [];
  const seen = clients.map(({ client }) => {
    const numbers: number[] = [];
    const handle = client.subscribe({ type: 'product', symbol: 'DRAIN' });
    handle.on('update', ({ price }) => numbers.push(price));
    return { handle, numbers };
  });
  await Promise.all(seen.map(({ handle }) => handle.ready));
  for (const { client } of clients) client.on('stale', (change) => stale.push(change));
  let n = 0;
  const stop = repeat(() => redis.client.publish(UNDERLYING, JSON.stringify(underlying('DRAIN', ++n))), 50);
  await waitFor(() => seen.every(({ numbers }) => numbers.length > 0));
  await replicas.replace(0, 'SIGTERM');
  stop();
  await waitFor(() => seen.every(({ numbers }) => numbers.at(-1) === n));

  const moved = clients.filter(({ states }) => states.some(({ state }) => state === 'draining'));
  expect(moved.length).toBeGreaterThan(0);
  for (const { states } of moved)
    expect(states.slice(1).map(({ state }) => state)).toEqual(['draining', 'connected']);
  for (const { numbers } of seen) expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
  // The product is unknown before its first price, so the client is told that it is live then.
  expect(stale.filter((change) => change.stale)).toEqual([]);
  for (const { client } of clients) client.close();
  await replicas.stop();
});
