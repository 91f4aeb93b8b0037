import { GatewayProcess } from '../../support/gateway-process.js';
import { timestampOf, underlying } from '../../support/messages.js';
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
  await waitFor(() => pricesOf(client, 'NEW').includes(7), 'the missed price did not come', 5_000);
  client.close();
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
