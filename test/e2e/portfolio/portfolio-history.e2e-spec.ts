import type { HistoryAcknowledgement, RequestRejection } from '../../../src/contract/index.js';
import { portfolioEntryText } from '../../../src/portfolio/portfolio-entry.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { startMemoryGateway } from '../../support/memory-gateway.js';
import { RedisServer } from '../../support/redis-server.js';
import { SlowRedis } from '../../support/slow-redis.js';
import { TestClient } from '../../support/test-client.js';
import { claims, hs256, JWT_SECRET, type TokenClaims } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const SECRET_KEY = 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2';
const SETTINGS = {
  AUTH_MODE: 'optional',
  JWT_SECRET,
  SECRET_KEY,
  PORTFOLIO_HISTORY_SECONDS: '600',
  CACHE_WRITE_INTERVAL_MS: '50',
  LOG_LEVEL: 'debug',
};
const PORTFOLIO = { type: 'portfolio' };

let redis: RedisServer;
let users = 0;
/** A new user for each test. */
const newUser = (): string => `user-${++users}`;

beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

const START = Date.now() - 60_000;
const timestamp = (n: number): string => new Date(START + n).toISOString();
const portfolio = (user: string, n: number): string =>
  JSON.stringify({
    user_id: user,
    timestamp: timestamp(n),
    total_pnl: n,
    margin: { used: n / 2 },
    positions: [{ quantity: 1 }],
  });

const start = (env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> =>
  GatewayProcess.start({ REDIS_URL: redis.url, ...SETTINGS, ...env });

const tokenOf = (user: string, more: TokenClaims = {}): string => hs256(claims({ user_id: user, ...more }));

const connect = (url: string, user: string, more: TokenClaims = {}): Promise<TestClient> =>
  TestClient.connect(url, { auth: { token: tokenOf(user, more), general: 'off' } });

const publish = (user: string, n: number): Promise<number> =>
  redis.client.publish(`enriched:portfolio:${user}`, portfolio(user, n));

/**
 * A client in the room, whose channel the replica knows to be subscribed to: only then does it look
 * for the stored portfolio, and tell the client what it has found. What comes before is not kept.
 */
async function watching(url: string, user: string): Promise<TestClient> {
  const client = await connect(url, user);
  await client.ask('subscribe', PORTFOLIO);
  await waitFor(() => client.all('portfolio_status').length + client.all('portfolio_update').length > 0);
  return client;
}

const history = async (client: TestClient, more: object = {}): Promise<HistoryAcknowledgement> =>
  (await client.ask('get_history', { ...PORTFOLIO, ...more })) as HistoryAcknowledgement;

const refusal = async (client: TestClient, more: object = {}): Promise<unknown> =>
  ((await history(client, more)) as unknown as RequestRejection).error;

const row = (n: number): unknown[] => [timestamp(n), n, n / 2];
const page = (...numbers: number[]) => ({
  type: 'portfolio',
  symbol: null,
  expiry: null,
  resolution: 'raw',
  columns: ['timestamp', 'total_pnl', 'margin.used'],
  updates: numbers.map(row),
  next: null,
});

/** The entries in Redis, with `gap` before those that follow one. */
async function stored(user: string, prefix = ''): Promise<string[]> {
  const entries = await redis.client.xrange(`${prefix}history:portfolio:${user}`, '-', '+');
  return entries.map(([, fields]) => {
    const { numbers } = JSON.parse(fields[1]!) as { readonly numbers: { readonly total_pnl: number } };
    return `${fields.includes('g') ? 'gap ' : ''}${numbers.total_pnl}`;
  });
}

const settled = (user: string, ...expected: string[]): Promise<void> =>
  waitFor(async () => (await stored(user)).join() === expected.join(), `entries ${expected.join()}`);

/** The last portfolio has arrived. */
const received = (client: TestClient, n: number): Promise<void> =>
  waitFor(
    () => (client.all('portfolio_update').at(-1) as { total_pnl?: number } | undefined)?.total_pnl === n,
  );

describe.each(['memory', 'redis'])('get_history of portfolios, on the ports of %s', (ports) => {
  let url: string;
  let send: (user: string, n: number) => unknown;
  beforeAll(async () => {
    if (ports === 'redis') {
      const gateway = await start();
      ({ url } = gateway);
      send = publish;
    } else {
      const gateway = await startMemoryGateway({ ...SETTINGS, LOG_LEVEL: 'silent' });
      ({ url } = gateway);
      send = (user, n) =>
        gateway.ports.portfolioChannels.publish(`enriched:portfolio:${user}`, portfolio(user, n));
    }
  });

  async function joined(user: string): Promise<TestClient> {
    const client = await watching(url, user);
    await send(user, 1);
    await received(client, 1);
    return client;
  }

  it('sends the numbers of what was published, as event and acknowledgement', async () => {
    const user = newUser();
    const client = await joined(user);
    for (const n of [2, 3]) await send(user, n);
    await received(client, 3);
    const expected = { ...page(1, 2, 3), gaps: [0] };
    expect(await history(client)).toEqual({ ok: true, rooms: ['portfolio'], ...expected });
    expect(client.all('history')).toEqual([expected]);
  });

  it('pages in both directions', async () => {
    const user = newUser();
    const client = await joined(user);
    for (const n of [2, 3, 4, 5]) await send(user, n);
    await received(client, 5);
    const newest = await history(client, { limit: 3 });
    expect(newest.updates).toEqual([3, 4, 5].map(row));
    const older = await history(client, { limit: 3, cursor: newest.next });
    expect([older.updates, older.next]).toEqual([[1, 2].map(row), null]);
    const range = { from: timestamp(2), to: timestamp(4), limit: 2 };
    const first = await history(client, range);
    expect(first.updates).toEqual([2, 3].map(row));
    expect((await history(client, { ...range, cursor: first.next })).updates).toEqual([row(4)]);
  });

  it('has nothing of one user for another, not even with its cursor', async () => {
    const [user, other] = [newUser(), newUser()];
    const client = await joined(user);
    await send(user, 2);
    await received(client, 2);
    const { next: cursor } = await history(client, { limit: 1 });
    const stranger = await joined(other);
    expect((await history(stranger)).updates).toEqual([row(1)]);
    stranger.contract.sendsInvalid = true;
    expect(await refusal(stranger, { limit: 1, cursor })).toMatchObject({ code: 'INVALID_PAGE' });
    expect(await refusal(stranger, { symbol: user })).toMatchObject({ code: 'INVALID_SYMBOL' });
    expect((await history(stranger, { user_id: user, user })).updates).toEqual([row(1)]);
  });

  it.each([
    ['symbol', 'NIFTY', 'INVALID_SYMBOL'],
    ['expiry', '2026-12-03', 'INVALID_EXPIRY'],
    ['resolution', '1m', 'INVALID_PAGE'],
    ['limit', 0, 'INVALID_PAGE'],
    ['cursor', 'b1-2', 'INVALID_PAGE'],
    ['from', 'yesterday', 'INVALID_TIME'],
  ])('refuses a request with %s %j', async (field, value, code) => {
    const client = await connect(url, newUser());
    client.contract.sendsInvalid = true;
    expect(await refusal(client, { [field]: value })).toMatchObject({ code, details: [{ field }] });
  });

  it('refuses a client without a user, and one whose token does not allow it', async () => {
    const anonymous = await TestClient.connect(url, { auth: { general: 'off' } });
    expect(await refusal(anonymous)).toMatchObject({ code: 'FORBIDDEN' });
    const limited = await connect(url, newUser(), { rooms: ['product:*'] });
    expect(await refusal(limited)).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('in Redis', () => {
  it('keeps the numbers, the time and the user, and nothing else, for the time that is set', async () => {
    const user = newUser();
    await redis.client.set(`latest:portfolio:${user}`, portfolio(user, 1));
    const gateway = await start();
    const client = await watching(gateway.url, user);
    await received(client, 1);
    await publish(user, 2);
    await settled(user, 'gap 1', '2');
    const [, last] = await redis.client.xrange(`history:portfolio:${user}`, '-', '+');
    expect(JSON.parse(last![1][1]!)).toEqual({
      user_id: user,
      timestamp: timestamp(2),
      numbers: { total_pnl: 2, 'margin.used': 1 },
    });
    const ttl = await redis.client.pttl(`history:portfolio:${user}`);
    expect(ttl).toBeGreaterThan(590_000);
    expect(ttl).toBeLessThanOrEqual(600_000);
  });

  it('keeps and reads nothing if it is off', async () => {
    const user = newUser();
    const gateway = await start({ PORTFOLIO_HISTORY_SECONDS: '0' });
    const client = await watching(gateway.url, user);
    await publish(user, 1);
    await received(client, 1);
    expect(await refusal(client)).toMatchObject({
      code: 'HISTORY_UNAVAILABLE',
      message: expect.stringContaining('PORTFOLIO_HISTORY_SECONDS') as string,
    });
    await gateway.stop();
    expect(await redis.client.exists(`history:portfolio:${user}`)).toBe(0);
  });

  it('uses the key prefix, and works without the history of prices', async () => {
    const user = newUser();
    const gateway = await start({ KEY_PREFIX: 'staging:', HISTORY_SECONDS: '0' });
    const client = await watching(gateway.url, user);
    await publish(user, 1);
    await waitFor(async () => (await stored(user, 'staging:')).join() === 'gap 1');
    expect((await history(client)).updates).toEqual([row(1)]);
    expect(await redis.client.exists(`history:portfolio:${user}`)).toBe(0);
  });

  it('writes what a client was sent before it left, and goes on when it comes back', async () => {
    const user = newUser();
    const gateway = await start();
    const client = await watching(gateway.url, user);
    await publish(user, 1);
    await received(client, 1);
    client.close();
    await settled(user, 'gap 1');
    await redis.client.set(`latest:portfolio:${user}`, portfolio(user, 3));
    const later = await watching(gateway.url, user);
    await received(later, 3);
    await publish(user, 4);
    await settled(user, 'gap 1', 'gap 3', '4');
    expect(await history(later)).toMatchObject({ ...page(1, 3, 4), gaps: [0, 1] });
  });

  it('has no false gap if a client joins another replica, nor after that replica was killed', async () => {
    const user = newUser();
    const replicas = [await start({ CACHE_WRITE_INTERVAL_MS: '200' }), await start()];
    const clients = [await watching(replicas[0]!.url, user), await watching(replicas[1]!.url, user)];
    const expected: string[] = [];
    const send = async (n: number): Promise<void> => {
      await redis.client.set(`latest:portfolio:${user}`, portfolio(user, n));
      await publish(user, n);
      expected.push(n === 1 ? 'gap 1' : `${n}`);
    };
    for (let n = 1; n <= 20; n++) await send(n);
    await received(clients[1]!, 20);
    replicas[1]!.signal('SIGKILL');
    await replicas[1]!.exit();
    for (let n = 21; n <= 40; n++) await send(n);
    const third = await watching((await start()).url, user);
    for (let n = 41; n <= 60; n++) await send(n);
    await received(third, 60);
    await settled(user, ...expected);
    expect((await history(third)).updates).toHaveLength(60);
    expect(clients[0]!.all('portfolio_update')).toHaveLength(60);
  });

  it('leaves out what another program has put there, and names no user in its log', async () => {
    const user = newUser();
    const gateway = await start();
    const client = await watching(gateway.url, user);
    const plant = (n: number, value: string): Promise<unknown> =>
      redis.client.xadd(`history:portfolio:${user}`, `${START + n}-5`, 'v', value);
    const text = (of: string, n: number): string =>
      portfolioEntryText(of, JSON.parse(portfolio(of, n)) as { timestamp: string });
    await plant(1, text('another-user', 1));
    await plant(2, 'no JSON');
    await plant(3, '{"user_id":"another-user"}');
    await plant(4, text(user, 4));
    expect((await history(client)).updates).toEqual([row(4)]);
    expect(await gateway.metric('socket_gateway_history_unreadable_total')).toBe(3);
    const line = gateway.logged('history_entry_unreadable');
    expect(line).toMatchObject({
      stream: expect.stringMatching(/^history:portfolio:[0-9a-f]{16}$/) as string,
    });
    expect(JSON.stringify(gateway.logs)).not.toContain(user);
  });

  it('refuses a page if the key is not a stream, and goes on with live portfolios', async () => {
    const user = newUser();
    await redis.client.set(`history:portfolio:${user}`, 'text');
    const gateway = await start();
    const client = await watching(gateway.url, user);
    expect(await refusal(client)).toMatchObject({ code: 'HISTORY_UNAVAILABLE' });
    for (const n of [1, 2]) await publish(user, n);
    await received(client, 2);
    await waitFor(() => gateway.logged('history_failed') !== undefined);
    expect(JSON.stringify(gateway.logs)).not.toContain(user);
    await redis.client.del(`history:portfolio:${user}`);
    await settled(user, 'gap 1', '2');
  });

  it('sends no page if a token of another user arrives while it is read', async () => {
    const user = newUser();
    const slow = await SlowRedis.start(redis.port);
    const gateway = await start({ REDIS_URL: slow.url });
    const client = await watching(gateway.url, user);
    await publish(user, 1);
    await settled(user, 'gap 1');
    slow.hold(/xrevrange/i);
    const answer = refusal(client);
    await waitFor(() => slow.holds > 0);
    const refreshed = (await client.ask('refresh_token', { token: tokenOf(newUser()) })) as { ok: boolean };
    expect(refreshed.ok).toBe(false);
    slow.release();
    expect(await answer).toMatchObject({ code: 'FORBIDDEN' });
    expect(client.all('history')).toEqual([]);
    await slow.stop();
  });
});
