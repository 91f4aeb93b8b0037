import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, timestampOf, underlying } from '../../support/messages.js';
import { UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const stored = (price: number) => JSON.stringify({ price, timestamp: timestampOf(price) });
const pricesOf = (client: TestClient, product: string) =>
  client.all('underlying_update').flatMap((update) => (update.product === product ? [update.price] : []));

it("the gateway survives if the adapter's channels are forbidden, and subscribes when they are allowed again", async () => {
  const redis = await RedisServer.start();
  const may = (...channels: string[]) =>
    redis.client.call('ACL', 'SETUSER', 'gw', 'reset', 'on', '>pw', '~*', '+@all', ...channels);
  const requests = 'socket-gateway:adapter:socket-gateway-request#/#';
  const subscribed = async () =>
    Number(((await redis.client.pubsub('NUMSUB', requests)) as [string, number])[1]) > 0;
  const own = ['&enriched:*', '&socket-gateway:probe:*'];
  const adapters = ['&socket-gateway:adapter:*'];
  await may(...own, ...adapters);
  const gateway = await GatewayProcess.start({ REDIS_URL: `redis://gw:pw@127.0.0.1:${redis.port}/0` });
  await waitFor(subscribed);
  const client = await TestClient.connect(gateway.url);
  await may(...own); // Redis closes the connection that subscribes to them
  await waitFor(() => gateway.logged('redis_adapter_failed'));
  const adapter = async () =>
    (await gateway.json<{ details: { adapter?: object } }>('/health')).details.adapter;
  await waitFor(adapter, '/health does not name it');
  expect(await adapter()).toMatchObject({ status: 'up', problem: expect.stringContaining('NOPERM') });
  await may(...own, ...adapters);
  await waitFor(subscribed, 'the adapter does not subscribe again');
  await waitFor(async () => (await adapter()) === undefined, '/health names it still');
  await gateway.ready();
  expect(gateway.exitCode).toBeNull();
  expect(client.disconnects).toEqual([]);
  client.close();
  expect(await gateway.stop()).toBe(0);
  await redis.stop();
});

it('a product that appeared during an outage reaches the clients that wait in its room', async () => {
  const redis = await RedisServer.start();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  await gateway.ready();
  const client = await TestClient.connect(gateway.url);
  await client.ask('subscribe', { type: 'product', symbol: 'NEW' });
  await redis.client.set('latest:underlying:NEW', stored(7));
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await waitFor(() => pricesOf(client, 'NEW').includes(7), 'the missed price did not come', 20_000);
  client.close();
  await gateway.stop();
  await redis.stop();
});

it('a chain that was published during an outage and stored after it reaches all who ask for its product', async () => {
  const redis = await RedisServer.start();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, CACHE_WRITE_INTERVAL_MS: '50' });
  await gateway.ready();
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  // After an outage the gateway reads Redis three times.
  const refreshes = (): number => {
    const started = gateway.logs.filter(({ msg }) => msg === 'redis_listener_started');
    const since = started.length < 2 ? Infinity : gateway.logs.indexOf(started.at(-1)!);
    return gateway.logs.filter(({ msg }, n) => n > since && msg === 'cache_refreshed').length;
  };
  await waitFor(() => refreshes() === 3, 'the refreshes did not end');
  const expiries = ['2026-12-01', '2026-12-08'];
  for (const expiry of expiries) {
    await redis.client.set(`latest:chain:SPY:${expiry}`, JSON.stringify(chain('SPY', 1, expiry)));
  }

  const clients = await Promise.all([1, 2, 3, 4].map(() => TestClient.connect(gateway.url)));
  const [asking, ...subscribers] = clients;
  for (const { socket } of subscribers) socket.emit('subscribe', { type: 'chain', symbol: 'SPY' });
  expect(await asking!.ask('get_snapshot', { type: 'chain', symbol: 'SPY' })).toMatchObject({
    snapshots: [{ room: 'chain:SPY', updates: 2 }],
  });
  for (const client of clients) {
    await client.next('chain_update', 2);
    await client.settled();
    expect(client.all('chain_update').map(({ expiry }) => expiry)).toEqual(expiries);
    expect(client.all('error')).toEqual([]);
  }

  // Clients that ask for products without any chain do not cause further scans.
  await asking!.ask('subscribe', { type: 'chain', symbols: ['NONE1', 'NONE2', 'NONE3'] });
  await asking!.ask('get_snapshot', { type: 'chain', symbols: ['NONE1', 'NONE4'] });
  expect(await gateway.metric('socket_gateway_cache_store_searches_total')).toBe(1);
  for (const client of clients) client.close();
  await gateway.stop();
  await redis.stop();
});

it('a price read from Redis after the clients connected is not sent again when it also arrives live', async () => {
  const redis = await RedisServer.start();
  await redis.kill();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  const client = await TestClient.connect(gateway.url);
  await redis.restart();
  await redis.client.set('latest:underlying:NIFTY', stored(9));
  await waitFor(() => pricesOf(client, 'NIFTY').includes(9));
  for (const price of [9, 10]) {
    await redis.client.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', price)));
  }
  await waitFor(() => pricesOf(client, 'NIFTY').includes(10));
  expect(pricesOf(client, 'NIFTY')).toEqual([9, 10]);
  client.close();
  await gateway.stop();
  await redis.stop();
});
