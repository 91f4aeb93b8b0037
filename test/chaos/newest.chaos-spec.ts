import { setTimeout as delay } from 'node:timers/promises';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait.js';
import { ChaosCluster } from './support/chaos-cluster.js';
import { Witnesses } from './support/witnesses.js';

// Faults after which a price that is older, or of the same time, might replace the newest one.
// After each fault, every client, every replica and latest:* must soon have the worker's newest
// price.

const REPLICAS = 3;

const range = (n: number) => Array.from({ length: n }, (_, index) => index);

/** A cluster on a separate Redis. */
async function start(products: readonly string[], replicas = REPLICAS) {
  const redis = await RedisServer.start();
  // The proxy between the first replica and Redis.
  const link = await TcpProxy.start(redis.port);
  const urls = [`redis://127.0.0.1:${link.port}/0`, ...range(replicas - 1).map(() => redis.url)];
  const settings = urls.map((url) => ({
    REDIS_URL: url,
    STALE_AFTER_MS: '3600000',
    DRAIN_TIMEOUT_MS: '0',
    MAX_SUBSCRIPTIONS: '2000', // a thousand products, all unknown at first
    MAX_UNKNOWN_SUBSCRIPTIONS: '2000',
    // If a probe reached a connection that Redis had closed, the kernel would discard what Redis
    // sent before.
    FEED_PROBE_AFTER_MS: '60000',
  }));
  const cluster = await ChaosCluster.start(settings);
  const witnesses = await Witnesses.start(cluster, redis.client, products);
  const stop = async () => {
    witnesses.stop();
    await cluster.stop();
    await redis.stop();
  };
  return { redis, link, cluster, witnesses, stop };
}

it.each([2, 3])(
  'one of %d replicas is frozen, and Redis closes its feed connection for its output buffer limit',
  async (replicas) => {
    const { redis, cluster, witnesses, stop } = await start(['LONG'], replicas);
    await redis.client.config('SET', 'client-output-buffer-limit', 'pubsub 1mb 512kb 1');
    // not the first one, because its proxy would keep reading
    const { pid } = cluster.replicas[1]!.process;
    const feeds = async () => {
      const list = String(await redis.client.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
      return [...list.matchAll(/ name=socket-gateway:feed /g)].length;
    };
    const padding = 'x'.repeat(20_000);
    process.kill(pid, 'SIGSTOP');
    for (let price = 2; price <= 600; price++) {
      await witnesses.publish([{ product: 'LONG', price, time: Date.now() + price, padding }]);
    }
    await waitFor(async () => (await feeds()) === replicas - 1, 'Redis cuts no feed');
    await delay(4_500); // the writer's lease expires, and the frozen replica may take it
    process.kill(pid, 'SIGCONT');
    await witnesses.agree();
    await stop();
  },
  120_000,
);

it('all replicas receive SIGTERM under a fast worker', async () => {
  const products = range(1_000).map((n) => `FAST-${n}`);
  const { cluster, witnesses, stop } = await start(products);
  const all = (price: number, some: readonly string[]) =>
    witnesses.publish(some.map((product) => ({ product, price, time: Date.now() + price })));
  await all(2, products);
  const exits = cluster.replicas.map(({ process }) => process.stop('SIGTERM'));
  await delay(130);
  // Each product once more, over 160 ms.
  const slices = 16;
  for (const slice of range(slices)) {
    await all(3, products.slice((slice * 1_000) / slices, ((slice + 1) * 1_000) / slices));
    await delay(10);
  }
  expect(await Promise.all(exits)).toEqual(range(REPLICAS).map(() => 0));
  await witnesses.kept();
  await Promise.all(cluster.replicas.map((replica) => replica.replace()));
  await witnesses.agree();
  await stop();
}, 120_000);

it('two updates have the same time, and one replica is disconnected between them', async () => {
  const { link, witnesses, stop } = await start(['SAME']);
  const time = Date.now();
  await witnesses.publish([{ product: 'SAME', price: 2, time, processed: time }]);
  await witnesses.agree();
  link.cut();
  await witnesses.publish([{ product: 'SAME', price: 3, time, processed: time + 1 }]);
  link.mend();
  await witnesses.agree();
  await stop();
}, 120_000);
