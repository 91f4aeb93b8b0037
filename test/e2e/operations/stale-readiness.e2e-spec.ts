import { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

async function start(env: Record<string, string>): Promise<[GatewayProcess, RedisServer]> {
  const redis = await RedisServer.start();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, STALE_AFTER_MS: '500', ...env });
  await gateway.ready();
  return [gateway, redis];
}

const feedIsLost = (gateway: GatewayProcess) =>
  waitFor(async () => (await gateway.get('/health')).status === 503, 'the feed is not lost');
const statusOf = async (gateway: GatewayProcess) => (await gateway.get('/health/ready')).status;

describe('readiness while Redis is away', () => {
  it('stays with READY_WITH_STALE_DATA, and a new client is told by feed_status', async () => {
    const [gateway, redis] = await start({ READY_WITH_STALE_DATA: 'true' });
    await redis.client.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', 1)));
    const watcher = await TestClient.connect(gateway.url);
    await waitFor(async () => (await watcher.ask('get_snapshot', { type: 'product', symbol: 'NIFTY' })).ok);
    await waitFor(() => watcher.all('underlying_update').length > 0);
    await redis.stop();
    await feedIsLost(gateway);
    expect(await gateway.json('/health/ready')).toMatchObject({
      status: 'healthy',
      info: { feed: { status: 'up', stale: true, reason: expect.any(String) as string } },
    });
    const client = await TestClient.connect(gateway.url);
    await client.ask('subscribe', { type: 'product', symbol: 'NIFTY' });
    await waitFor(() => client.all('feed_status').some(({ status }) => status === 'stale'));
    expect(client.all('underlying_update')).toMatchObject([{ product: 'NIFTY', price: 1 }]);
    watcher.close();
    client.close();
    await gateway.stop();
  });

  it.each([
    ['without the setting', {}, true],
    ['of a gateway that holds nothing', { READY_WITH_STALE_DATA: 'true' }, false],
  ])('ends %s', async (_, env, publishes) => {
    const [gateway, redis] = await start(env);
    if (publishes) await redis.client.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', 1)));
    await redis.stop();
    await feedIsLost(gateway);
    expect(await statusOf(gateway)).toBe(503);
    await gateway.stop();
  });
});
