import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RawHttp } from '../../support/raw-http.js';
import { RedisServer } from '../../support/redis-server.js';
import { ask } from '../../support/rest-request.js';
import { TestClient } from '../../support/test-client.js';
import { claims, epoch, hs256, JWT_SECRET, type TokenClaims } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const AUTH = {
  JWT_SECRET,
  SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
  JWT_CLOCK_TOLERANCE_SECONDS: '0',
};

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis?.stop());

/** Starts a gateway that knows a price of NIFTY and AAPL, and a chain of NIFTY. */
async function start(settings: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ...settings });
  await gateway.ready();
  for (const product of ['NIFTY', 'AAPL'])
    await redis.client.publish(UNDERLYING, JSON.stringify(underlying(product, 1)));
  await redis.client.publish(OPTION_CHAIN, JSON.stringify(chain('NIFTY', 1)));
  const handled = 'socket_gateway_feed_messages_total{channel="enriched:option_chain"}';
  await waitFor(async () => (await gateway.metric(handled)) >= 1, 'the chain did not come');
  return gateway;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const withClaims = (more: TokenClaims = {}) => bearer(hs256(claims(more)));

describe('AUTH_MODE=required', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => void (gateway = await start({ AUTH_MODE: 'required', ...AUTH })));
  afterAll(() => gateway?.stop());
  const get = (path: string, headers: Record<string, string> = {}) => ask(gateway.url, path, { headers });

  it.each<[string, Record<string, string>, string]>([
    ['no token', {}, 'AUTH_REQUIRED'],
    ['a token of another scheme', { authorization: 'Basic dXNlcjpwYXNz' }, 'AUTH_REQUIRED'],
    ['an empty token', { authorization: 'Bearer ' }, 'TOKEN_INVALID'],
    ['nonsense', bearer('nonsense'), 'TOKEN_INVALID'],
    ['a token of another issuer', bearer(hs256(claims(), 'x'.repeat(32))), 'TOKEN_INVALID'],
    ['an expired token', withClaims({ exp: epoch(-5) }), 'TOKEN_EXPIRED'],
    ['malformed permissions', withClaims({ rooms: 'all' }), 'TOKEN_INVALID'],
  ])('401 for %s', async (_, headers, code) => {
    const { status, json, headers: got } = await get('/v1/products', headers);
    expect([status, json.code]).toEqual([401, code]);
    expect(json.message).not.toContain('auth.token');
    expect(got['www-authenticate']).toMatch(/^Bearer/);
    expect(got['cache-control']).toBe('no-store');
  });

  it('ignores a token in the URL', async () => {
    const { status } = await get(`/v1/products?token=${hs256()}&access_token=${hs256()}`);
    expect(status).toBe(401);
  });

  it('lets no shared cache keep what needed a token', async () => {
    const { status, headers } = await get('/v1/prices?symbols=NIFTY', withClaims());
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('private, no-cache');
    expect(headers.vary).toContain('Authorization');
  });

  it.each<[string, TokenClaims, string, number]>([
    ['a product', { rooms: ['product:NIFTY'] }, '/v1/prices?symbols=NIFTY', 200],
    ['another product', { rooms: ['product:NIFTY'] }, '/v1/prices?symbols=AAPL', 403],
    ['one of two products', { rooms: ['product:NIFTY'] }, '/v1/prices?symbols=NIFTY,AAPL', 403],
    ['an unknown product', { rooms: ['product:NIFTY'] }, '/v1/prices?symbols=NOSUCH', 403],
    ['all rooms of a product', { products: ['NIFTY'] }, '/v1/chains/NIFTY', 200],
    ['one expiry', { rooms: [`chain:NIFTY:${EXPIRY}`] }, `/v1/chains/NIFTY/${EXPIRY}`, 200],
    ['all expiries', { rooms: [`chain:NIFTY:${EXPIRY}`] }, '/v1/chains/NIFTY', 403],
    ['another expiry', { rooms: [`chain:NIFTY:${EXPIRY}`] }, '/v1/chains/NIFTY/2030-01-01', 403],
    ['past prices', { rooms: ['product:NIFTY'] }, '/v1/history/prices/NIFTY', 200],
    ['past prices of another product', { rooms: ['product:NIFTY'] }, '/v1/history/prices/AAPL', 403],
    ['past summaries', { rooms: [`chain:NIFTY:${EXPIRY}`] }, `/v1/history/chains/NIFTY/${EXPIRY}`, 200],
    ['an opening', { rooms: [`chain:NIFTY:${EXPIRY}`] }, `/v1/history/openings/NIFTY/${EXPIRY}`, 200],
    ['another opening', { rooms: ['product:NIFTY'] }, `/v1/history/openings/NIFTY/${EXPIRY}`, 403],
    ['other summaries', { rooms: ['product:NIFTY'] }, `/v1/history/chains/NIFTY/${EXPIRY}`, 403],
    ['names of expiries', { rooms: [`chain:NIFTY:${EXPIRY}`] }, '/v1/chains/NIFTY/expiries', 200],
    ['names of other expiries', { rooms: ['chain:NIFTY:2030-01-01'] }, '/v1/chains/NIFTY/expiries', 404],
    ['names of expiries of another product', { products: ['AAPL'] }, '/v1/chains/NIFTY/expiries', 403],
  ])('the permissions of a token decide: %s', async (_, more, path, status) => {
    const answer = await get(path, withClaims(more));
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.json.code).toBe('FORBIDDEN');
  });

  it('lists only the products that the user may see', async () => {
    expect((await get('/v1/products', withClaims({ products: ['AAPL'] }))).json).toEqual({
      products: ['AAPL'],
    });
  });

  it('refuses a revoked token', async () => {
    const headers = withClaims({ user_id: 'gone', iat: epoch(-10) });
    expect((await get('/v1/products', headers)).status).toBe(200);
    await redis.client.publish('auth:revoked', JSON.stringify({ user_id: 'gone' }));
    await waitFor(async () => (await get('/v1/products', headers)).status === 401, 'it is not refused');
    expect((await get('/v1/products', headers)).json.code).toBe('TOKEN_REVOKED');
  });

  it('writes no token to the log', async () => {
    const token = hs256(claims({ user_id: 'secretive' }));
    await get(`/v1/products?token=${token}`, bearer(token));
    await get(`/v1/chains/${token}`, bearer(token));
    await waitFor(() => gateway.logs.some(({ route }) => route === '/v1/chains/:symbol'));
    expect(JSON.stringify(gateway.logs)).not.toContain(token);
  });
});

it('AUTH_MODE=optional: anonymous requests have the rooms without a token, and a bad token is refused', async () => {
  const gateway = await start({
    AUTH_MODE: 'optional',
    ...AUTH,
    ROLE_ROOMS: 'admin=*;anonymous=product:NIFTY',
  });
  const status = async (path: string, headers = {}) => (await ask(gateway.url, path, { headers })).status;
  expect(await status('/v1/prices?symbols=NIFTY')).toBe(200);
  expect(await status('/v1/prices?symbols=AAPL')).toBe(403);
  expect(await status('/v1/prices?symbols=AAPL', withClaims({ role: 'admin' }))).toBe(200);
  expect(await status('/v1/prices?symbols=NIFTY', bearer('nonsense'))).toBe(401);
  await gateway.stop();
});

describe('limits', () => {
  it('counts requests by address, and says when to come back', async () => {
    const gateway = await start({ EVENTS_PER_SECOND: '1', EVENT_BURST: '3' });
    const get = () => ask(gateway.url, '/v1/products');
    let allowed = 0;
    let last = await get();
    for (; last.status === 200; last = await get()) allowed++;
    expect(allowed).toBeGreaterThanOrEqual(3);
    expect([last.status, last.json.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(last.headers['retry-after'])).toBe(Math.ceil(last.json.retry_after_ms / 1_000));
    await waitFor(async () => (await get()).status === 200, 'it never may again');
    await gateway.stop();
  });

  it('counts by user if there is one, and separate addresses behind a trusted proxy', async () => {
    const gateway = await start({
      AUTH_MODE: 'optional',
      ...AUTH,
      TRUST_PROXY: 'loopback',
      EVENTS_PER_SECOND: '1',
      EVENT_BURST: '2',
    });
    const status = async (headers: Record<string, string>) =>
      (await ask(gateway.url, '/v1/products', { headers })).status;
    const one = { 'x-forwarded-for': '192.0.2.1' };
    let last = await status(one);
    while (last === 200) last = await status(one);
    expect(last).toBe(429);
    expect(await status({ 'x-forwarded-for': '192.0.2.2' })).toBe(200);
    expect(await status({ ...one, ...withClaims({ user_id: 'a' }) })).toBe(200);
    await gateway.stop();
  });

  it('limits the work that requests ask for', async () => {
    const gateway = await start({ WORK_PER_SECOND: '1', WORK_BURST: '10' });
    const path = '/v1/prices?symbols=NIFTY,AAPL,A,B';
    // Four rooms, of which two must be looked up, cost more than the burst, so they use it up.
    expect((await ask(gateway.url, path)).status).toBe(200);
    const { status, json } = await ask(gateway.url, path);
    expect([status, json.code]).toEqual([429, 'RATE_LIMITED']);
    expect(json.retry_after_ms).toBeGreaterThan(5_000);
    await gateway.stop();
  });

  it('stops to check tokens of an address that sends bad ones', async () => {
    const gateway = await start({ AUTH_MODE: 'required', ...AUTH, WORK_PER_SECOND: '1', WORK_BURST: '20' });
    const status = async (headers: Record<string, string>) =>
      (await ask(gateway.url, '/v1/products', { headers })).status;
    expect(await status(bearer('bad'))).toBe(401);
    expect(await status(bearer('bad'))).toBe(401);
    expect(await status(bearer('bad'))).toBe(401);
    expect(await status(withClaims())).toBe(429);
    await gateway.stop();
  });
});

describe('a client that does not read', () => {
  const LEGS = 20_000;
  const big = () => {
    const { calls, ...rest } = chain('NIFTY', 9);
    return { ...rest, calls: Array.from({ length: LEGS }, (_, n) => ({ ...calls[0], strike: n + 1 })) };
  };
  let gateway: GatewayProcess;

  beforeAll(async () => {
    gateway = await start({ MAX_CLIENT_BUFFER_BYTES: '20000000', MAX_FEED_MESSAGE_BYTES: '20000000' });
    await redis.client.publish(OPTION_CHAIN, JSON.stringify(big()));
    await waitFor(async () => (await ask(gateway.url, '/v1/chains/NIFTY')).bytes.length > 1_000_000);
  });
  afterAll(() => gateway?.stop());

  const unsent = () => gateway.metric('socket_gateway_rest_unsent_bytes');

  it('gets 429 until it reads, and all is forgotten when its connection closes', async () => {
    const raw = await RawHttp.connect(gateway.url);
    raw.tcp.pause();
    const request = `GET /v1/chains/NIFTY/${EXPIRY} HTTP/1.1\r\nHost: x\r\n\r\n`;
    // Pipelined, so that responses wait behind each other.
    raw.tcp.write(request.repeat(20));
    await waitFor(async () => (await unsent()) > 10_000_000, 'nothing waits');
    const { status, json } = await ask(gateway.url, '/v1/chains/NIFTY');
    expect([status, json.code]).toEqual([429, 'SLOW_CLIENT']);
    raw.tcp.destroy();
    await waitFor(async () => (await unsent()) === 0, 'something is still counted');
    expect((await ask(gateway.url, '/v1/chains/NIFTY')).status).toBe(200);
  });
});

it('refuses pages of other origins before it serves them, and lets allowed ones read the headers', async () => {
  const gateway = await start({ CORS_ORIGINS: 'https://app.example.com' });
  const get = (origin: string, method = 'GET', more = {}) =>
    ask(gateway.url, '/v1/products', { method, headers: { origin, ...more } });
  const allowed = await get('https://app.example.com');
  expect(allowed.status).toBe(200);
  expect(allowed.headers).toMatchObject({
    'access-control-allow-origin': 'https://app.example.com',
    'access-control-expose-headers': 'Content-Disposition, ETag, Link, Retry-After',
  });
  const other = await get('https://evil.example.com');
  expect([other.status, other.json.code]).toEqual([403, 'ORIGIN_NOT_ALLOWED']);
  expect(other.headers).not.toHaveProperty('access-control-allow-origin');
  const preflight = await get('https://app.example.com', 'OPTIONS', {
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization,if-none-match',
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers).toMatchObject({
    'access-control-allow-origin': 'https://app.example.com',
    'access-control-allow-headers': 'authorization,if-none-match',
  });
  await gateway.stop();
});

it('serves requests while clients are drained, and closes each connection', async () => {
  const gateway = await start({ DRAIN_TIMEOUT_MS: '600000' });
  const client = await TestClient.connect(gateway.url, { transports: ['websocket'] });
  const stopped = gateway.stop();
  await waitFor(() => gateway.logged('drain_started'));
  const { status, headers } = await ask(gateway.url, '/v1/prices?symbols=NIFTY', {
    headers: { connection: 'keep-alive' },
  });
  expect([status, headers.connection]).toEqual([200, 'close']);
  client.socket.disconnect();
  expect(await stopped).toBe(0);
});
