import { FEED_CHANNELS } from '../../../src/feed/channels.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, underlying } from '../../support/messages.js';
import { promtool } from '../../support/promtool.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const FROM_PROM_CLIENT =
  'prom-client gives every Node.js application this name, and the dashboards for Node.js use it';

/** What `promtool check metrics` reports and may go on reporting, with the reason. */
const ACCEPTED: Readonly<Record<string, string>> = {
  'nodejs_active_handles_total non-counter metrics should not have "_total" suffix': FROM_PROM_CLIENT,
  'nodejs_active_requests_total non-counter metrics should not have "_total" suffix': FROM_PROM_CLIENT,
  'nodejs_active_resources_total non-counter metrics should not have "_total" suffix': FROM_PROM_CLIENT,
};

it('promtool check metrics accepts the metrics of a gateway after traffic', async () => {
  const redis = await RedisServer.start();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, PRODUCTS: 'NIFTY' });
  await gateway.ready();
  const client = await TestClient.connect(gateway.url);
  await client.ask('subscribe', { type: 'product', symbol: 'NIFTY' });
  await client.ask('subscribe', { type: 'chain', symbol: 'NIFTY' });
  await redis.client.publish(FEED_CHANNELS[0]!, JSON.stringify(underlying('NIFTY', 1)));
  await redis.client.publish(FEED_CHANNELS[1]!, JSON.stringify(chain('NIFTY', 2)));
  await redis.client.publish(FEED_CHANNELS[0]!, 'not JSON');
  await client.next('underlying_update');
  await client.next('chain_update');
  const metrics = async () => (await gateway.get('/metrics', { accept: 'text/plain' })).text();
  await waitFor(async () =>
    (await metrics()).includes('socket_gateway_feed_rejected_total{reason="not_json"} 1'),
  );
  const { said } = promtool(['check', 'metrics'], await metrics());
  expect(said.trim().split('\n').sort()).toEqual(Object.keys(ACCEPTED).sort());
  client.close();
});

it('promtool check metrics can fail', () => {
  const { status, said } = promtool(['check', 'metrics'], '# TYPE a_total gauge\na_total 1\n');
  expect([status, said]).toEqual([3, expect.stringContaining('a_total no help text')]);
});
