import type { ManagerOptions, SocketOptions } from 'socket.io-client';
import { ContractCheck } from '../../support/contract-check.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';
import { openSocket } from '../../support/socket.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { claims, epoch, hs256, type TokenClaims } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

/** A marker in every secret and every piece of personal data of this test. */
const MARKER = 'Hunter2Marker';
const JWT_SECRET = `${MARKER}-k8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3`;
const USER = `${MARKER}.person`;

/**
 * Every encoding of the marker that a token or a URL can contain. In base64 there are three, one
 * for each offset.
 */
const TRACES = [
  MARKER,
  ...['', 'x', 'xx'].map((before) => Buffer.from(`${before}${MARKER}`).toString('base64url').slice(4, 16)),
].map((trace) => trace.toLowerCase());

const token = (more: TokenClaims = {}, secret = JWT_SECRET): string =>
  hs256(claims({ user_id: USER, email: `${MARKER}@example.com`, name: MARKER, ...more }), secret);

type Options = Partial<ManagerOptions & SocketOptions>;

let redis: RedisServer;
let gateway: GatewayProcess;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    AUTH_MODE: 'required',
    JWT_SECRET,
    SECRET_KEY: `${MARKER}-p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3`,
    JWT_ISSUER: '',
    JWT_JWKS_URL: `http://127.0.0.1:1/${MARKER}?key=${MARKER}`,
    MAX_CONNECTIONS_PER_USER: '2',
    LIMITS_STORE: 'redis',
    TOKEN_EXPIRY_NOTICE_SECONDS: '1',
    JWT_CLOCK_TOLERANCE_SECONDS: '0',
    LOG_LEVEL: 'trace',
  });
});

afterAll(async () => {
  await gateway?.stop();
  await redis?.stop();
});

/** Sends a token that must be rejected, and returns the error code. */
function refused(given: string, transport: Options): Promise<string> {
  const socket = openSocket(gateway.url, { ...transport, auth: { token: given } });
  return new Promise((resolve, reject) => {
    socket.on('connect', () => reject(new Error('it was let in')));
    socket.on('connect_error', (error: Error & { data?: { code: string } }) => {
      socket.disconnect();
      new ContractCheck().received('connect_error', { message: error.message, data: error.data });
      expect(JSON.stringify([error.message, error.data])).not.toContain(MARKER);
      resolve(error.data?.code ?? error.message);
    });
  });
}

it('no personal data of a client appears in logs, metrics, health or keys, whether it connects, is rejected, refreshes, is revoked or expires', async () => {
  for (const transport of [TRANSPORTS.websocket!, TRANSPORTS.polling!]) {
    const enter = (more: TokenClaims = {}): Promise<TestClient> =>
      TestClient.connect(gateway.url, { ...transport, auth: { token: token(more) } });

    expect(await refused(token({}, 'x'.repeat(32)), transport)).toBe('TOKEN_INVALID');
    expect(await refused(`${MARKER}.${MARKER}.${MARKER}`, transport)).toBe('TOKEN_INVALID');
    expect(await refused(token({ exp: epoch(-60) }), transport)).toBe('TOKEN_EXPIRED');
    expect(await refused(token({ role: `no role ${MARKER}` }), transport)).toBe('TOKEN_INVALID');

    const jti = `${MARKER}-${transport.transports!.join()}`;
    const clients = [await enter({ jti }), await enter({ exp: epoch(8), products: ['NIFTY'] })];
    expect(await refused(token(), transport)).toBe('TOO_MANY_CONNECTIONS');
    expect(await clients[1]!.ask('subscribe', { type: 'product', symbol: MARKER })).toMatchObject({
      error: { code: 'FORBIDDEN' },
    });
    expect(await clients[0]!.ask('refresh_token', { token: MARKER })).toMatchObject({ ok: false });
    expect(await clients[0]!.ask('refresh_token', { token: token({ jti }) })).toMatchObject({ ok: true });
    const keys = (await redis.client.keys('*')).join();
    expect([keys.includes(':user:') || keys.includes('connections'), keys.includes(MARKER)]).toEqual([
      true,
      false,
    ]);

    await clients[1]!.next('closing'); // its token has expired
    await redis.client.publish('auth:revoked', JSON.stringify({ jti }));
    await clients[0]!.next('closing');
    await waitFor(() => clients.every(({ disconnects }) => disconnects.length === 1), 'they were not closed');
    expect(await refused(token({ jti }), transport)).toBe('TOKEN_REVOKED');
  }
  await redis.client.publish('auth:revoked', MARKER);
  await redis.client.publish('auth:revoked', JSON.stringify({ user_id: USER, before: MARKER }));
  await waitFor(() => gateway.logged('revocation_rejected'), 'it was not logged');
  await waitFor(() => gateway.logged('jwks_not_fetched'), 'it was not logged');

  const seen = [
    await (await gateway.get('/metrics', { accept: 'text/plain' })).text(),
    await (await gateway.get('/metrics')).text(),
    await (await gateway.get('/health')).text(),
    JSON.stringify(gateway.logs),
    gateway.stderr,
  ];
  expect(gateway.logged('client_connected')).toMatchObject({ user: expect.stringMatching(/^[0-9a-f]{16}$/) });
  for (const text of seen) {
    expect(TRACES.filter((trace) => text.toLowerCase().includes(trace))).toEqual([]);
    expect(text).not.toMatch(/eyJ|127\.0\.0\.1(?!:\d)(?!")/);
  }
});
