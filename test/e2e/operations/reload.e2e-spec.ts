import { readFile } from 'node:fs/promises';
import { makeCertificate, makeExpiredCertificate } from '../../support/certificate.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';
import { SecretFile } from '../../support/secret-file.js';
import { TestClient } from '../../support/test-client.js';
import { claims, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const OTHER_SECRET = [...JWT_SECRET].reverse().join('');

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.stop());

const count = (gateway: GatewayProcess, msg: string) =>
  gateway.logs.filter((line) => line.msg === msg).length;

/** Sends SIGHUP, and waits until the gateway has said what became of it. */
async function hangUp(gateway: GatewayProcess, msg = 'settings_reloaded'): Promise<void> {
  const before = count(gateway, msg);
  process.kill(gateway.pid, 'SIGHUP');
  await waitFor(() => count(gateway, msg) > before, `${msg} was not logged`);
}

describe('SIGHUP', () => {
  it('reloads secrets from their files, and disconnects no client', async () => {
    const [admin, jwt] = await Promise.all([
      SecretFile.create('first-admin-token\n'),
      SecretFile.create(`${JWT_SECRET}\n`),
    ]);
    const gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      AUTH_MODE: 'optional',
      ADMIN_TOKEN_FILE: admin.path,
      JWT_SECRET_FILE: jwt.path,
    });
    await gateway.ready();
    const client = await TestClient.connect(gateway.url, { auth: { token: hs256() } });
    const metrics = async (token: string) =>
      (await gateway.get('/metrics', { authorization: `Bearer ${token}` })).status;
    expect(await metrics('first-admin-token')).toBe(200);

    await admin.write('second-admin-token\n');
    await jwt.write(`${OTHER_SECRET}\n`);
    await hangUp(gateway);
    expect([await metrics('first-admin-token'), await metrics('second-admin-token')]).toEqual([401, 200]);
    const changes = gateway.logs.filter(({ msg }) => msg === 'settings_reloaded');
    expect(changes.map(({ changed }) => changed)).toContainEqual(['ADMIN_TOKEN', 'JWT_SECRET']);
    const rotated = await TestClient.connect(gateway.url, { auth: { token: hs256(claims(), OTHER_SECRET) } });
    await expect(TestClient.connect(gateway.url, { auth: { token: hs256() } })).rejects.toThrow();
    await Promise.all([client, rotated].map((each) => each.settled()));
    expect(client.disconnects).toEqual([]);
    for (const each of [client, rotated]) each.close();
    expect(await gateway.stop()).toBe(0);
  });

  it('changes the log level of the gateway and of all its parts', async () => {
    const level = await SecretFile.create('info');
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, LOG_LEVEL_FILE: level.path });
    await gateway.ready();
    const client = await TestClient.connect(gateway.url);
    client.contract.sendsInvalid = true;
    const askInVain = () => client.ask('subscribe', { type: 'product', symbol: '*' });
    await askInVain();
    expect(gateway.logged('client_request_refused')).toBeUndefined();
    await level.write('debug');
    await hangUp(gateway);
    await askInVain();
    await waitFor(() => gateway.logged('client_request_refused'), 'the level has not changed');
    client.close();
    expect(await gateway.stop()).toBe(0);
  });

  it('keeps the old values if a new one is wrong, and says what is wrong', async () => {
    const admin = await SecretFile.create('first-admin-token');
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ADMIN_TOKEN_FILE: admin.path });
    await admin.write('hunter2');
    await hangUp(gateway, 'settings_not_reloaded');
    expect(gateway.logged('settings_not_reloaded')?.problem).toMatch(/^ADMIN_TOKEN is "\*\*\*", but must be/);
    const answer = await gateway.get('/metrics', { authorization: 'Bearer first-admin-token' });
    expect(answer.status).toBe(200);
    expect(JSON.stringify(gateway.logs)).not.toContain('hunter2');
    expect(await gateway.stop()).toBe(0);
  });

  it('says that SECRET_KEY needs a restart', async () => {
    const key = await SecretFile.create('first-key');
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, SECRET_KEY_FILE: key.path });
    await key.write('second-key');
    await hangUp(gateway, 'setting_needs_restart');
    expect(gateway.logged('setting_needs_restart')).toMatchObject({ setting: 'SECRET_KEY' });
    expect(await gateway.stop()).toBe(0);
  });

  it('does not end a gateway that is still starting', async () => {
    const gateway = GatewayProcess.spawn({ REDIS_URL: redis.url });
    await waitFor(() => gateway.logged('socket_gateway_starting'), 'it does not start', 30_000);
    process.kill(gateway.pid, 'SIGHUP');
    await gateway.listening();
    expect(await gateway.stop()).toBe(0);
  });

  it('uses a renewed certificate at once', async () => {
    const [first, second] = [await makeCertificate(), await makeCertificate()];
    const [cert, key] = [
      await SecretFile.create(first.pem),
      await SecretFile.create(await readFile(first.key, 'utf8')),
    ];
    const gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      TLS_CERT: cert.path,
      TLS_KEY: key.path,
    });
    await key.write(await readFile(second.key, 'utf8'));
    await cert.write(second.pem);
    await hangUp(gateway, 'tls_certificate_renewed');
    expect(await gateway.stop()).toBe(0);
  });
});

it('a file that changes is read without a signal', async () => {
  const admin = await SecretFile.create('first-admin-token');
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ADMIN_TOKEN_FILE: admin.path });
  await admin.write('second-admin-token');
  await waitFor(() => gateway.logged('settings_reloaded'), 'it was not read', 30_000);
  const answer = await gateway.get('/metrics', { authorization: 'Bearer second-admin-token' });
  expect(answer.status).toBe(200);
  expect(await gateway.stop()).toBe(0);
});

it('in production, SIGUSR1 opens no debugger, and SIGUSR2 ends nothing', async () => {
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, NODE_ENV: 'production' });
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    process.kill(gateway.pid, signal);
    await waitFor(
      () => gateway.logs.some((line) => line.msg === 'signal_ignored' && line.signal === signal),
      `${signal} was not ignored: ${gateway.stderr}`,
    );
  }
  expect((await gateway.get('/health/live')).status).toBe(200);
  expect(gateway.stderr).not.toContain('Debugger');
  expect(await gateway.stop()).toBe(0);
});

it('a certificate that has expired is reported at start', async () => {
  const expired = await makeExpiredCertificate();
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    TLS_CERT: expired.cert,
    TLS_KEY: expired.key,
  });
  expect(gateway.logged('tls_certificate_expired')?.valid_to).toBe('2020-01-02T00:00:00.000Z');
  expect(await gateway.stop()).toBe(0);
});

it('the start says which time zones the times are read in', async () => {
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    FEED_TIME_ZONE: 'Asia/Kolkata',
    MARKET_HOURS: 'Asia/Kolkata Mon-Fri 09:15-15:30; A=Asia/Tokyo Mon-Fri 09:00-15:00',
  });
  expect(gateway.logged('socket_gateway_starting')).toMatchObject({
    feed_time_zone: 'Asia/Kolkata (+05:30)',
    market_time_zones: ['Asia/Kolkata (+05:30)', 'Asia/Tokyo (+09:00)'],
  });
  expect(await gateway.stop()).toBe(0);
});

it('KEEP_ALIVE_TIMEOUT_MS is how long both ports keep an idle connection', async () => {
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    ADMIN_PORT: '0',
    KEEP_ALIVE_TIMEOUT_MS: '3605000',
  });
  for (const url of [gateway.url, gateway.adminUrl]) {
    const { headers } = await fetch(`${url}/health/live`);
    expect(headers.get('keep-alive')).toBe('timeout=3605');
  }
  expect(await gateway.stop()).toBe(0);
});
