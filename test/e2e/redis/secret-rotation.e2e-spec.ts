import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { RedisSentinels } from '../../support/redis-sentinels.js';
import { RedisServer } from '../../support/redis-server.js';
import { SecretFile } from '../../support/secret-file.js';
import { waitFor } from '../../support/wait.js';
import { WatchedGateway, type Worker } from '../../support/watched-gateway.js';

/** The part of a connection that a worker needs; a single server's and a cluster's both have it. */
interface Connection {
  publish(channel: string, data: string): Promise<unknown>;
  set(key: string, value: string, unit: 'EX', ttl: number): Promise<unknown>;
  get(key: string): Promise<string | null>;
}

const workerOn = (client: Connection): Worker => ({
  publish: (channel, data) => client.publish(channel, data),
  set: (key, value) => client.set(key, value, 'EX', 300),
  get: (key) => client.get(key),
});

const USER = 'gw';

/** Gives the gateway's user this password only, and ends the connections that it has. */
async function changePassword({ client }: RedisServer, password: string): Promise<void> {
  await client.call('ACL', 'SETUSER', USER, 'reset', 'on', `>${password}`, '~*', '&*', '+@all');
  await client.call('CLIENT', 'KILL', 'USER', USER);
}

/** Rotates the password of the gateway's user, and has the gateway follow it by its file. */
async function rotates(
  servers: readonly RedisServer[],
  worker: Worker,
  env: (path: string) => Record<string, string>,
  text = (password: string) => `${password}\n`,
): Promise<void> {
  for (const server of servers) await changePassword(server, 'first');
  const file = await SecretFile.create(text('first'));
  const watched = await WatchedGateway.start(env(file.path), worker);
  await watched.missesOne();
  for (const server of servers) await changePassword(server, 'second');
  await watched.feedIsDown(/^Redis refuses the user or password/);
  await file.write(text('second'));
  await watched.converges();
  await watched.remembered();
  await watched.cacheIsWell();
  watched.client.close();
  expect(await watched.gateway.stop()).toBe(0);
}

describe('the password of Redis is read from its file at every reconnection', () => {
  it.each([
    [
      'REDIS_PASSWORD_FILE',
      (url: string, path: string) => ({
        REDIS_URL: url,
        REDIS_USERNAME: USER,
        REDIS_PASSWORD_FILE: path,
      }),
      undefined,
    ],
    [
      'REDIS_URL_FILE',
      (_: string, path: string) => ({ REDIS_URL_FILE: path }),
      (url: string, password: string) => url.replace('//', `//${USER}:${password}@`),
    ],
  ] as const)('one server, %s', async (_, env, text) => {
    const redis = await RedisServer.start();
    await rotates(
      [redis],
      workerOn(redis.client),
      (path) => env(redis.url, path),
      text && ((password) => text(redis.url, password)),
    );
    await redis.stop();
  });

  it('a cluster', async () => {
    const cluster = await RedisCluster.start();
    await rotates(cluster.nodes, workerOn(cluster.client), (path) => ({
      REDIS_URL: cluster.url,
      REDIS_USERNAME: USER,
      REDIS_PASSWORD_FILE: path,
    }));
    await cluster.stop();
  });

  it('a master that sentinels know', async () => {
    const sentinels = await RedisSentinels.start('sentinel-secret');
    const sentinelFile = await SecretFile.create('sentinel-secret');
    await rotates([sentinels.master], workerOn(sentinels.client), (path) => ({
      REDIS_URL: sentinels.url,
      REDIS_USERNAME: USER,
      REDIS_PASSWORD_FILE: path,
      REDIS_SENTINEL_PASSWORD_FILE: sentinelFile.path,
    }));
    await sentinels.stop();
  });
});

it('a wrong password in a file ends the start, and the message names the setting of the file', async () => {
  const redis = await RedisServer.start([], 'right');
  const file = await SecretFile.create('wrong');
  const gateway = GatewayProcess.spawn({
    REDIS_URL: `redis://127.0.0.1:${redis.port}/0`,
    REDIS_PASSWORD_FILE: file.path,
  });
  expect(await gateway.exit()).toBe(1);
  await waitFor(() => gateway.stderr.endsWith('\n'));
  expect(gateway.stderr).toContain('with REDIS_PASSWORD_FILE, but Redis refuses its user or password.');
  expect(gateway.stderr).not.toContain('wrong');
  await redis.stop();
});
