import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { GatewayProcess } from '../../support/gateway-process.js';
import { expectRefused } from '../../support/handshake.js';
import { Platform } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const FAULTS = join(__dirname, '../../support/faults.cjs');

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

describe('an overloaded gateway', () => {
  it.each([
    ['event_loop_delay', 'block', { MAX_EVENT_LOOP_DELAY_MS: '800' }],
    ['memory', 'memory', { MAX_EVENT_LOOP_DELAY_MS: '0', MAX_RSS_BYTES: '500000000' }],
  ])(
    '(%s) rejects new clients, keeps its connected clients, and accepts new clients again when the load falls',
    async (reason, FAULT, limits) => {
      const gateway = await GatewayProcess.start({
        REDIS_URL: redis.url,
        NODE_OPTIONS: `--require ${FAULTS}`,
        FAULT,
        ...limits,
      });
      const platform = new Platform(redis, gateway);
      const ready = () => gateway.get('/health/ready');
      const overloaded = () => gateway.metric(`socket_gateway_overloaded{reason="${reason}"}`);
      await waitFor(async () => (await ready()).status === 200, 'it was not ready to begin with', 30_000);
      const client = await TestClient.connect(gateway.url);
      expect(await overloaded()).toBe(0);

      process.kill(gateway.pid, 'SIGUSR2');
      await waitFor(async () => (await ready()).status === 503, 'it stayed ready', 40_000);
      expect(await (await ready()).json()).toMatchObject({ error: { capacity: { reason } } });
      expect((await gateway.get('/health')).status).toBe(200);
      expect(await overloaded()).toBe(1);
      expect(gateway.logged('overloaded')).toMatchObject({ reason, level: 40 });
      await expectRefused(gateway.url, reason);
      await platform.underlying(reason, 1);
      await platform.carried(client);
      expect(client.all('underlying_update')).toHaveLength(1);

      process.kill(gateway.pid, 'SIGUSR2');
      await waitFor(async () => (await ready()).status === 200, 'it did not become ready again', 60_000);
      expect(await overloaded()).toBe(0);
      expect(gateway.logged('overload_over')).toMatchObject({ reason });
      await (await TestClient.connect(gateway.url)).settled();
      expect(client.disconnects).toEqual([]);
      await gateway.stop();
    },
    150_000,
  );
});

it('survives a flood that uses up its file descriptors', async () => {
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  const client = await TestClient.connect(gateway.url);
  const limitFiles = (files: number) =>
    execFileSync('prlimit', ['--pid', `${gateway.pid}`, `--nofile=${files}:`]);
  limitFiles(10); // fewer than the gateway has open already, so that it can open no more
  await new Promise((resolve) => setTimeout(resolve, 5_000)); // two measurements
  await client.settled();
  limitFiles(1_000);
  expect((await gateway.get('/health/live')).status).toBe(200);
  expect(gateway.logged('uncaught_error')).toBeUndefined();
  expect(client.disconnects).toEqual([]);
  await gateway.stop();
});
