import { GatewayProcess } from '../../support/gateway-process.js';
import { HANDSHAKES } from '../../support/handshake.js';
import { RedisServer } from '../../support/redis-server.js';
import { waitFor } from '../../support/wait.js';

const PAGE = 'https://app.example.com';

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

async function start(env: Record<string, string>): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ...env });
  await gateway.ready();
  return gateway;
}

describe('the log of a page whose origin is not allowed', () => {
  it.each(['polling', 'websocket'] as const)('names the origin and the setting: %s', async (transport) => {
    const gateway = await start({ CORS_ORIGINS: 'https://other.example.com' });
    expect((await HANDSHAKES[transport](gateway.url, { Origin: PAGE })).status).toBe(403);
    await HANDSHAKES[transport](gateway.url, { Origin: PAGE });
    await waitFor(() => gateway.logged('handshake_refused'));
    expect(gateway.logged('handshake_refused')).toMatchObject({
      reason: 'origin',
      origin: PAGE,
      setting: 'CORS_ORIGINS',
      suppressed: 0,
    });
    await gateway.stop();
    // One line in 10 s, however many pages try.
    expect(gateway.logs.filter(({ msg }) => msg === 'handshake_refused')).toHaveLength(1);
  });

  it('has a long origin only in part', async () => {
    const gateway = await start({ CORS_ORIGINS: 'https://other.example.com' });
    await HANDSHAKES.polling(gateway.url, { Origin: `https://${'x'.repeat(10_000)}.example.com` });
    await waitFor(() => gateway.logged('handshake_refused'));
    expect(String(gateway.logged('handshake_refused')?.origin).length).toBeLessThan(300);
    await gateway.stop();
  });
});

describe('a page that connects withCredentials', () => {
  const headers = { Origin: PAGE, Cookie: 'session=Ech0' };

  it('is told to the operator, who has not set CORS_CREDENTIALS', async () => {
    const gateway = await start({});
    const { headers: answer } = await HANDSHAKES.polling(gateway.url, headers);
    expect(answer['access-control-allow-credentials']).toBeUndefined();
    await waitFor(() => gateway.logged('page_credentials_not_allowed'));
    expect(gateway.logged('page_credentials_not_allowed')).toMatchObject({
      origin: PAGE,
      setting: 'CORS_CREDENTIALS',
      suppressed: 0,
    });
    expect(JSON.stringify(gateway.logs)).not.toContain('Ech0');
    await gateway.stop();
  });

  it('connects with CORS_CREDENTIALS=true', async () => {
    const gateway = await start({ CORS_CREDENTIALS: 'true' });
    expect(await HANDSHAKES.polling(gateway.url, headers)).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': PAGE, 'access-control-allow-credentials': 'true' },
    });
    await gateway.stop();
    expect(gateway.logged('page_credentials_not_allowed')).toBeUndefined();
  });

  it('is no problem by WebSocket, on the own origin of the gateway, or without cookies', async () => {
    const gateway = await start({});
    expect((await HANDSHAKES.websocket(gateway.url, headers)).status).toBe(101);
    expect((await HANDSHAKES.polling(gateway.url, { ...headers, Origin: gateway.url })).status).toBe(200);
    expect((await HANDSHAKES.polling(gateway.url, { Origin: PAGE })).status).toBe(200);
    await gateway.stop();
    expect(gateway.logged('page_credentials_not_allowed')).toBeUndefined();
  });
});
