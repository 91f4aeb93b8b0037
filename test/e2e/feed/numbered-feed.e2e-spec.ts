import { NumberedFeed, RESTING, WORKER } from '../../support/numbered-feed.js';
import { redisClient } from '../../support/redis-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { waitFor } from '../../support/wait.js';

it('a price that is in flight when the connection is lost is sent again instead of being awaited forever', async () => {
  const redis = await RedisServer.start();
  const proxy = await TcpProxy.start(redis.port);
  const worker = redisClient({ host: '127.0.0.1', port: proxy.port, ...WORKER, lazyConnect: true });
  await worker.connect();
  const feed = new NumberedFeed(worker);
  proxy.freeze();
  const touched = feed.touch();
  const lost = new Promise((resolve) => worker.once('close', resolve));
  proxy.cut();
  await lost;
  proxy.mend();
  await touched;
  expect(feed.taken.get(RESTING)).toBeGreaterThan(1);
  const stored = await redis.client.get(`latest:underlying:${RESTING}`);
  expect(JSON.parse(stored!)).toMatchObject({ price: feed.taken.get(RESTING) });
  await waitFor(() => worker.status === 'ready');
});
