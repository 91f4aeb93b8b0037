import { RedisServer } from '../../support/redis-server.js';
import { PUSHED_MESSAGE, SlowRedis } from '../../support/slow-redis.js';
import { waitFor } from '../../support/wait.js';
import { WatchedGateway, type Worker } from '../../support/watched-gateway.js';

function workerOn({ client }: RedisServer): Worker {
  return {
    publish: (channel, data) => client.publish(channel, data),
    set: (key, value) => client.set(key, value, 'EX', 300),
    get: (key) => client.get(key),
  };
}

describe('the gateway recovers after Redis', () => {
  let redis: RedisServer;
  let watched: WatchedGateway;

  beforeEach(async () => {
    redis = await RedisServer.start();
    watched = await WatchedGateway.start({ REDIS_URL: redis.url }, workerOn(redis));
  });
  afterEach(async () => {
    watched.client.close();
    expect(await watched.gateway.stop()).toBe(0);
    await redis.stop();
  });

  it('is killed, stays away and comes back empty', async () => {
    await redis.kill();
    await watched.feedIsDown(/^Redis cannot be reached \(.*ECONNREFUSED/);
    for (const connection of ['commands', 'feed', 'adapter-sub']) {
      await waitFor(async () => (await watched.faults(connection, 'unreachable')) > 0);
    }
    await redis.restart();
    await watched.missesOne();
    await watched.converges();
    await watched.cacheIsWell();
  });

  it('kills the connections', async () => {
    await watched.missesOne();
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await watched.converges();
    expect(await watched.faults('feed', 'unreachable')).toBeGreaterThan(0);
    expect(watched.gateway.logged('redis_connection_failed')).toMatchObject({ kind: 'unreachable' });
  });

  it('is frozen with its connections open', async () => {
    await watched.missesOne();
    redis.freeze();
    await watched.feedIsDown(/^Redis does not answer/);
    expect(await watched.faults('feed', 'timeout')).toBeGreaterThan(0);
    redis.thaw();
    await watched.converges();
  });

  it('is full: the feed continues, health reports it, and the writes are not retried in a loop', async () => {
    await redis.client.config('SET', 'maxmemory', '1');
    await watched.publishes();
    await watched.cacheHasProblem(/write: Redis refuses writes, its memory is full \(OOM/);
    await redis.client.config('RESETSTAT');
    const begun = performance.now();
    const calls = async () =>
      Number(/cmdstat_eval:calls=(\d+)/.exec(await redis.client.info('commandstats'))?.[1] ?? 0);
    await waitFor(async () => (await calls()) >= 5);
    await watched.publishes();
    // The gateway tries one write per interval of 100 ms, and no more after a failure.
    expect(await calls()).toBeLessThanOrEqual((performance.now() - begun) / 100 + 2);
    expect(await watched.faults('commands', 'out_of_memory')).toBeGreaterThan(0);
    await redis.client.config('SET', 'maxmemory', '0');
    await watched.cacheIsWell();
    await watched.remembered();
    watched.expectUnharmed();
  });

  it('becomes a read-only replica: the feed continues, and health reports it', async () => {
    const master = await RedisServer.start();
    await redis.client.replicaof('127.0.0.1', master.port);
    await waitFor(async () => (await redis.client.info('replication')).includes('master_link_status:up'));
    await watched.publishes();
    await watched.cacheHasProblem(/Redis refuses writes, it is a read-only replica \(READONLY/);
    expect(await watched.faults('commands', 'read_only')).toBeGreaterThan(0);
    await redis.client.replicaof('NO', 'ONE');
    await watched.cacheIsWell();
    await watched.remembered();
    watched.expectUnharmed();
  });

  it('changes its password: connections are rejected meanwhile, and the gateway keeps trying', async () => {
    await redis.client.config('SET', 'requirepass', 'changed');
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await watched.feedIsDown(/^Redis refuses the user or password/);
    expect(await watched.faults('feed', 'refused_password')).toBeGreaterThan(0);
    await watched.missesOne();
    await redis.client.config('SET', 'requirepass', '');
    await watched.converges();
  });
});

it('a Redis connection that replies but delivers no messages is noticed and replaced', async () => {
  const redis = await RedisServer.start();
  const proxy = await SlowRedis.start(redis.port);
  const watched = await WatchedGateway.start({ REDIS_URL: proxy.url }, workerOn(redis));
  await watched.missesOne();
  proxy.swallow(PUSHED_MESSAGE);
  await watched.feedIsDown(/^the subscription delivers nothing/);
  expect(await watched.faults('feed', 'silent')).toBeGreaterThan(0);
  proxy.release();
  await watched.converges();
  watched.client.close();
  await watched.gateway.stop();
  await proxy.stop();
  await redis.stop();
});
