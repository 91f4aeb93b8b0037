import { repeat } from '../support/cleanup.js';
import { CheckedClient } from './support/checked-client.js';
import { Replicas } from './support/replicas.js';
import { chain, underlying } from '../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../support/platform.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait.js';

const PRODUCTS = Array.from({ length: 40 }, (_, n) => `P${n}`);
const CHAINS = PRODUCTS.slice(0, 10);
const EXPIRIES = ['2026-11-26', '2026-12-03'];
const RECONNECTS = 100;
const ROOMS = [
  ...PRODUCTS.map((symbol) => `product:${symbol}`),
  ...CHAINS.map((symbol) => `chain:${symbol}`),
].sort();

/** Publishes numbered updates of every product and chain, until it is stopped. */
function publish(redis: RedisServer) {
  let n = 0;
  const all = () => {
    n += 1;
    for (const symbol of PRODUCTS)
      void redis.client.publish(UNDERLYING, JSON.stringify(underlying(symbol, n)));
    for (const symbol of CHAINS)
      for (const expiry of EXPIRIES)
        void redis.client.publish(OPTION_CHAIN, JSON.stringify(chain(symbol, n, expiry)));
  };
  return { last: () => n, stop: repeat(all, 100) };
}

it('100 reconnections over three replicas restore every subscription and every newest update, in order', async () => {
  const redis = await RedisServer.start();
  const replicas = await Replicas.start(3, { REDIS_URL: redis.url, DRAIN_TIMEOUT_MS: '2000' });
  const proxy = await TcpProxy.start(Number(new URL(replicas.url).port));
  const feed = publish(redis);
  const checked = await CheckedClient.connect(`http://127.0.0.1:${proxy.port}`, { general: false });
  const { client } = checked;
  const prices = client.subscribe({ type: 'product', symbols: PRODUCTS });
  const chains = CHAINS.map((symbol) => client.subscribe({ type: 'chain', symbol }));
  await Promise.all([prices, ...chains].map(({ ready }) => ready));

  // One client goes through all reconnections: most after a network cut, some after a crash or a
  // drain of its replica.
  let cuts = 0;
  let replacing = Promise.resolve();
  while (checked.connections <= RECONNECTS) {
    const before = checked.connections;
    if (cuts % 20 === 19) {
      await replacing;
      replacing = replicas.replace(Math.floor(cuts / 20) % 3, cuts % 40 === 19 ? 'SIGTERM' : 'SIGKILL');
    }
    // Now and then while the client is still resubscribing.
    if (cuts % 3 === 0)
      await waitFor(async () => (await client.subscriptions().catch(() => [])).length === ROOMS.length);
    proxy.cut();
    proxy.mend();
    cuts += 1;
    await waitFor(() => checked.connections > before, 'it did not come back', 30_000);
  }
  await replacing;
  await checked.connected();
  expect(checked.connections).toBeGreaterThan(RECONNECTS);
  await waitFor(async () => (await client.subscriptions()).length === ROOMS.length, 'rooms are missing');
  expect([...(await client.subscriptions())].sort()).toEqual(ROOMS);

  feed.stop();
  const names = [...PRODUCTS, ...CHAINS.flatMap((symbol) => EXPIRIES.map((expiry) => `${symbol} ${expiry}`))];
  await waitFor(
    () => names.every((name) => checked.last(name) === feed.last()),
    () =>
      `not the newest, ${feed.last()}: ${names.filter((name) => checked.last(name) !== feed.last()).join(', ')}`,
  );
  expect(checked.faults).toEqual([]);
  for (const symbol of PRODUCTS) expect(prices.latestOf(symbol)?.price).toBe(feed.last());
  for (const handle of chains) {
    expect([...handle.latestByExpiry].map(([expiry, { spot_price }]) => [expiry, spot_price])).toEqual(
      EXPIRIES.map((expiry) => [expiry, feed.last()]),
    );
  }
  await waitFor(() => !prices.stale && chains.every(({ stale }) => !stale), 'it is stale');
  process.stderr.write(
    `soak: ${checked.connections - 1} reconnects of one client (${cuts} cuts), ${checked.updates} updates, ${ROOMS.length} rooms\n`,
  );
  client.close();
  await replicas.stop();
  await redis.stop();
}, 300_000);
