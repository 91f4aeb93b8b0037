import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { UNDERLYING } from '../../support/platform.js';
import { redisClient } from '../../support/redis-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

/**
 * The users recommended in docs/security.md, by name, with the arguments of `ACL SETUSER
 * NAME`.
 */
function documentedUsers(): Map<string, string[]> {
  const page = readFileSync(join(__dirname, '../../../docs/security.md'), 'utf8');
  return new Map(
    [...page.matchAll(/^ACL SETUSER (\S+) (reset .*)$/gm)].map(([, name = '', rules = '']) => [
      name,
      rules.replace(/>\w+/, '>pw').split(' '),
    ]),
  );
}

let redis: RedisServer;
const as = (username: string) =>
  redisClient({ host: '127.0.0.1', port: redis.port, username, password: 'pw' });

beforeAll(async () => {
  redis = await RedisServer.start();
  const users = documentedUsers();
  expect([...users.keys()]).toEqual(['worker', 'auth-service', 'gateway']);
  for (const [name, rules] of users) await redis.client.call('ACL', 'SETUSER', name, ...rules);
});

afterAll(() => redis.stop());

it('the documented Redis users are allowed to do the work of the worker, the auth service and the gateway', async () => {
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    REDIS_USERNAME: 'gateway',
    REDIS_PASSWORD: 'pw',
    CACHE_WRITE_INTERVAL_MS: '100',
    FEED_PROBE_AFTER_MS: '100',
    AUTH_MODE: 'optional',
    JWT_SECRET,
    LIMITS_STORE: 'redis',
    MAX_CONNECTIONS_PER_IP: '10',
    HANDSHAKES_PER_IP_PER_MINUTE: '100',
  });
  await gateway.ready();
  const client = await TestClient.connect(gateway.url, { auth: { token: hs256() } });
  const worker = as('worker');
  await worker.setex('latest:underlying:B', 300, '{"price":2,"timestamp":"2026-11-22T04:44:38.891903"}');
  await worker.publish(UNDERLYING, JSON.stringify(underlying('A', 1)));
  await client.next('underlying_update');
  await waitFor(async () => (await worker.get('latest:underlying:A')) !== null);
  const snapshot = await client.ask('get_snapshot', { type: 'product', symbol: 'B' });
  expect(snapshot).toMatchObject({ ok: true, snapshots: [{ room: 'product:B', updates: 1 }] });
  const auth = as('auth-service');
  await auth.zadd('socket-gateway:revocations', Date.now(), 'user:43');
  await auth.publish('auth:revoked', '{"user_id":42}');
  await client.next('closing');
  // The connection of the feed has been probed several times, with its own commands.
  await delay(1_000);
  expect((await gateway.json<{ details: object }>('/health')).details).toMatchObject({
    feed: { status: 'up' },
    cache: { status: 'up' },
  });
  expect(await gateway.stop()).toBe(0);
  expect(gateway.logs.filter(({ level = 0 }) => level >= 40)).toEqual([]);
  expect(await redis.client.call('ACL', 'LOG')).toEqual([]);
});

it.each([
  ['worker', 'PUBLISH', 'auth:revoked', '{}'],
  ['worker', 'PUBLISH', 'socket-gateway:adapter:x', '{}'],
  ['worker', 'SET', 'socket-gateway:revocations', 'x'],
  ['worker', 'FLUSHALL'],
  ['auth-service', 'PUBLISH', 'enriched:underlying', '{}'],
  ['auth-service', 'SET', 'latest:underlying:A', 'x'],
  ['gateway', 'PUBLISH', 'enriched:underlying', '{}'],
  ['gateway', 'PUBLISH', 'auth:revoked', '{}'],
  ['gateway', 'GET', 'session:of-another-service'],
  ['gateway', 'FLUSHALL'],
])('the documented Redis user %s may not %s', async (user, command, ...args) => {
  await expect(as(user).call(command, ...args)).rejects.toThrow(/NOPERM/);
});
