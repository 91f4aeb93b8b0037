import { NumberedFeed, WORKER } from '../support/numbered-feed.js';
import { redisClient } from '../support/redis-client.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { waitFor } from '../support/wait.js';
import { ChaosCluster } from './support/chaos-cluster.js';
import { ChaosRun } from './support/chaos-run.js';

const PASSWORD = 'the-sentinels-own';

it('the master fails and its sentinels promote the replica', async () => {
  const sentinels = await RedisSentinels.start(PASSWORD);
  const worker = redisClient({ ...sentinels.options, ...WORKER, sentinelRetryStrategy: () => 50 });
  await waitFor(() => worker.status === 'ready');
  const settings = { REDIS_URL: sentinels.url, REDIS_SENTINEL_PASSWORD: PASSWORD };
  const cluster = await ChaosCluster.start([settings, settings, settings]);
  const run = await ChaosRun.start(cluster, new NumberedFeed(worker));

  await run.survive('Sentinel failover', async (meanwhile) => {
    await sentinels.master.kill();
    meanwhile();
    await sentinels.failedOver();
  });
  process.stderr.write(run.report());
  await run.stop();
}, 120_000);
