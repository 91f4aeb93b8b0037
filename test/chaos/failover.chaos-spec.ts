import { Redis } from 'ioredis';
import { cleanUp } from '../support/cleanup.js';
import { NumberedFeed, WORKER } from '../support/numbered-feed.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { waitFor } from '../support/wait.js';
import { ChaosCluster } from './support/chaos-cluster.js';
import { ChaosRun } from './support/chaos-run.js';

const PASSWORD = 'the-sentinels-own';

it('the master dies and its sentinels promote the replica', async () => {
  const sentinels = await RedisSentinels.start(PASSWORD);
  const worker = new Redis({
    ...sentinels.options,
    ...WORKER,
    retryStrategy: () => 50,
    sentinelRetryStrategy: () => 50,
  });
  worker.on('error', () => undefined);
  cleanUp(() => worker.disconnect());
  await waitFor(() => worker.status === 'ready');
  const settings = { REDIS_URL: sentinels.url, REDIS_SENTINEL_PASSWORD: PASSWORD };
  const cluster = await ChaosCluster.start([settings, settings, settings]);
  const run = await ChaosRun.start(cluster, new NumberedFeed(worker));

  await run.survive('Sentinel failover', async (meanwhile) => {
    await sentinels.master.kill();
    meanwhile();
    const promoted = async () => (await sentinels.replica.client.info('replication')).includes('role:master');
    await waitFor(promoted, 'the replica was not promoted', 30_000);
  });
  process.stderr.write(run.report());
  await run.stop();
}, 120_000);
