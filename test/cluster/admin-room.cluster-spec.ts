import type { AdminStats } from '../../src/contract/index.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { RedisServer } from '../support/redis-server.js';
import { TestClient } from '../support/test-client.js';
import { claims, hs256, JWT_SECRET } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';

let redis: RedisServer;
let replicas: GatewayProcess[];

const SETTINGS = {
  AUTH_MODE: 'optional',
  JWT_SECRET,
  SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
};

const start = (name: string) =>
  GatewayProcess.start({ ...SETTINGS, REDIS_URL: redis.url, REPLICA_NAME: name, DRAIN_TIMEOUT_MS: '60000' });

beforeAll(async () => {
  redis = await RedisServer.start();
  replicas = await Promise.all(['a', 'b', 'c'].map(start));
  for (const replica of replicas) await replica.ready();
});
afterAll(() => redis.stop());

const connect = (replica: GatewayProcess, options = {}) =>
  TestClient.connect(replica.url, { transports: ['websocket'], reconnection: false, ...options });

it('shows all replicas and their sum, names one that was killed within 3 s, and one that drains', async () => {
  const admin = await connect(replicas[0]!, { auth: { token: hs256(claims({ role: 'admin' })) } });
  const others = await Promise.all([connect(replicas[1]!), connect(replicas[1]!), connect(replicas[2]!)]);
  await others[0].ask('subscribe', { type: 'product', symbol: 'NIFTY' });

  await admin.ask('subscribe', { type: 'admin' });
  const last = (): AdminStats | undefined => admin.all('admin_stats').at(-1);
  await waitFor(
    () => last()?.replicas.length === 3,
    () => `reported: ${JSON.stringify(last())}`,
  );
  expect(last()).toMatchObject({
    replica: 'a',
    missing: [],
    total: { clients: 4 },
    replicas: [
      { replica: 'a', clients: 1 },
      { replica: 'b', clients: 2 },
      { replica: 'c', clients: 1 },
    ],
  });
  expect(last()!.total.rooms).toEqual(
    expect.arrayContaining([
      { room: 'general', clients: 4 },
      { room: 'product:NIFTY', clients: 1 },
      { room: 'admin', clients: 1 },
    ]),
  );

  replicas[1]!.signal('SIGTERM');
  await waitFor(
    () => last()?.replicas.find(({ replica }) => replica === 'b')?.state === 'draining',
    'no drain',
  );
  expect(last()!.replicas[1]).toMatchObject({ replica: 'b', refuses: 'draining' });

  const killedAt = Date.now();
  replicas[2]!.signal('SIGKILL');
  await waitFor(() => last()?.missing.some(({ replica }) => replica === 'c') === true, 'nothing is missing');
  expect(last()!.missing).toMatchObject([{ replica: 'c' }]);
  // Since its last report, which may be a second older than its end.
  const silentMs = last()!.missing[0]!.silent_ms;
  expect(silentMs).toBeGreaterThanOrEqual(2_000);
  expect(silentMs).toBeLessThan(Math.max(3_000, Date.now() - killedAt) + 1_500);
  expect(last()!.total.clients).toBe(last()!.replicas.reduce((sum, { clients }) => sum + clients, 0));
});

it('a replica that ends in order is not missing', async () => {
  const d = await start('d');
  await d.ready();
  const admin = await connect(replicas[0]!, { auth: { token: hs256(claims({ role: 'admin' })) } });
  await admin.ask('subscribe', { type: 'admin' });
  const names = () =>
    admin
      .all('admin_stats')
      .at(-1)
      ?.replicas.map(({ replica }) => replica);
  await waitFor(() => names()?.includes('d') === true, 'd does not report');
  expect(await d.stop()).toBe(0);
  await waitFor(() => names()?.includes('d') === false, 'd reports for ever');
  // One that was killed is missing for a minute and a half.
  const missing = () =>
    admin
      .all('admin_stats')
      .at(-1)!
      .missing.map(({ replica }) => replica);
  await waitFor(
    () => !missing().includes('d'),
    () => `missing: ${missing().join()}`,
  );
});
