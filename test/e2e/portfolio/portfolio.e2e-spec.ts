import type { PortfolioStatus, PortfolioUpdate } from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';
import { SseClient } from '../../support/sse-client.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { claims, epoch, hs256, JWT_SECRET, type TokenClaims } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const SETTINGS = {
  AUTH_MODE: 'optional',
  JWT_SECRET,
  SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
  JWT_CLOCK_TOLERANCE_SECONDS: '0',
  FEED_PROBE_AFTER_MS: '200',
  PORTFOLIO_STALE_AFTER_MS: '3000',
  LOG_LEVEL: 'debug',
};
const PORTFOLIO = { type: 'portfolio' };
/** A user whose name could be confused with the syntax of rooms, channels and patterns. */
const ODD = 'ann*@x:y {z}\n?';

let redis: RedisServer;
let gateway: GatewayProcess;
let user = 0;
/** A new user for each test. */
const newUser = (): string => `user-${++user}`;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ...SETTINGS });
  await gateway.ready();
});

afterAll(() => redis.stop());

const TIME = Date.parse('2026-11-29T10:00:00Z');
const timestamp = (number: number): string => new Date(TIME + number).toISOString();

const portfolio = (of: string | number, number: number, more: object = {}): string =>
  JSON.stringify({ user_id: of, timestamp: timestamp(number), total: number, ...more });

const publish = (of: string, text: string): Promise<number> =>
  redis.client.publish(`enriched:portfolio:${of}`, text);
const store = (of: string, text: string): Promise<unknown> =>
  redis.client.set(`latest:portfolio:${of}`, text);

const tokenOf = (of: string | number, more: TokenClaims = {}): string =>
  hs256(claims({ user_id: of, ...more }));

const join = (of: string | number, options: object = TRANSPORTS.websocket!): Promise<TestClient> =>
  TestClient.connect(gateway.url, { ...options, auth: { token: tokenOf(of), general: 'off' } });

/** A client in the room, whose channel is subscribed to. */
async function watching(of: string, options?: object): Promise<TestClient> {
  const client = await join(of, options);
  expect(await client.ask('subscribe', PORTFOLIO)).toEqual({ ok: true, rooms: ['portfolio'] });
  await subscribed(of);
  return client;
}

async function subscribers(of: string): Promise<number> {
  const [, count] = (await redis.client.pubsub('NUMSUB', `enriched:portfolio:${of}`)) as [string, number];
  return Number(count);
}

const subscribed = (of: string, count = 1): Promise<void> =>
  waitFor(async () => (await subscribers(of)) === count, `${count} subscriptions of ${of}`);

const totals = (client: TestClient): unknown[] =>
  client.all('portfolio_update').map((update) => (update as PortfolioUpdate & { total: number }).total);

describe.each(Object.keys(TRANSPORTS))('by %s', (name) => {
  it('a client gets the snapshot and the updates of its own user, and nothing of another one', async () => {
    const [own, other] = [newUser(), newUser()];
    await store(own, portfolio(own, 1));
    await store(other, portfolio(other, 100));
    const [client, stranger] = [await watching(own, TRANSPORTS[name]), await watching(other)];
    await client.next('portfolio_update');
    await stranger.next('portfolio_update');
    await publish(other, portfolio(other, 101));
    await publish(own, portfolio(own, 2, { positions: [{ quantity: 12345678901234567890n.toString() }] }));
    await client.next('portfolio_update', 2);
    await stranger.next('portfolio_update', 2);
    expect(totals(client)).toEqual([1, 2]);
    expect(totals(stranger)).toEqual([100, 101]);
    expect(client.all('subscribed')).toEqual([{ room: 'portfolio', message: 'Subscribed to portfolio' }]);
    expect(await client.ask('list_subscriptions')).toEqual({ ok: true, rooms: ['portfolio'] });
    expect(await client.ask('unsubscribe', PORTFOLIO)).toEqual({ ok: true, rooms: ['portfolio'] });
    await subscribed(own, 0);
    await publish(own, portfolio(own, 3));
    await client.settled();
    expect(totals(client)).toEqual([1, 2]);
  });
});

it('an event stream carries it', async () => {
  const own = newUser();
  await store(own, portfolio(own, 1));
  const stream = await SseClient.open(gateway.url, 'rooms=portfolio', {
    headers: { Authorization: `Bearer ${tokenOf(own)}` },
  });
  await waitFor(() => stream.events.some(({ event }) => event === 'portfolio_update'));
  await publish(own, portfolio(own, 2));
  await waitFor(() => stream.events.filter(({ event }) => event === 'portfolio_update').length === 2);
  stream.close();
  await subscribed(own, 0);
});

it('passes a portfolio on to the letter, with null for what is not JSON', async () => {
  const own = newUser();
  const client = await watching(own);
  const text = `{"user_id":"${own}", "timestamp":"${timestamp(1)}","big":12345678901234567890,"nan":NaN,"text":"NaN"}`;
  const received: string[] = [];
  client.socket.io.engine.on('data', (data: unknown) => received.push(String(data)));
  await publish(own, text);
  await client.next('portfolio_update');
  expect(received.at(-1)).toBe(`2["portfolio_update",${text.replace(':NaN', ':null')}]`);
});

it('all clients of a user get each update once and in order, and the channel is left with the last one', async () => {
  const users = (): Promise<number> => gateway.metric('socket_gateway_portfolio_users');
  const before = await users();
  const own = newUser();
  const clients = [await watching(own), await watching(own), await watching(own, TRANSPORTS.polling)];
  for (const number of [1, 3, 2, 3, 4]) await publish(own, portfolio(own, number));
  for (const client of clients) await client.next('portfolio_update', 3);
  await clients[0]!.settled();
  for (const client of clients) expect(totals(client)).toEqual([1, 3, 4]);
  clients[0]!.close();
  clients[1]!.close();
  await publish(own, portfolio(own, 5));
  await clients[2]!.next('portfolio_update', 4);
  expect(await subscribers(own)).toBe(1);
  clients[2]!.close();
  await subscribed(own, 0);
  await waitFor(async () => (await users()) === before);
});

it('a newcomer gets the newest portfolio from memory, and one that subscribes again gets it again', async () => {
  const own = newUser();
  const first = await watching(own);
  await publish(own, portfolio(own, 1));
  await first.next('portfolio_update');
  await store(own, portfolio(own, 0));
  const second = await watching(own);
  await second.next('portfolio_update');
  await second.ask('subscribe', { ...PORTFOLIO, since: timestamp(0) });
  expect(second.all('subscribed')[1]).toMatchObject({ recovered: true, replayed: 1, conflated: true });
  expect(totals(second)).toEqual([1, 1]);
  expect(totals(first)).toEqual([1]);
});

it('a client that has a newer portfolio from another replica gets no older one, and is not told that it recovered', async () => {
  const own = newUser();
  const first = await watching(own);
  await publish(own, portfolio(own, 1));
  await first.next('portfolio_update');
  const second = await join(own);
  await second.ask('subscribe', { ...PORTFOLIO, since: timestamp(5) });
  expect(second.all('subscribed').at(-1)).toMatchObject({ recovered: false });
  for (const number of [3, 5, 6, 7]) await publish(own, portfolio(own, number));
  await first.next('portfolio_update', 5);
  await second.settled();
  expect(totals(first)).toEqual([1, 3, 5, 6, 7]);
  expect(totals(second)).toEqual([6, 7]);
});

it('a time that no producer can have set does not keep portfolios from a client', async () => {
  const own = newUser();
  const first = await watching(own);
  await publish(own, portfolio(own, 1));
  await first.next('portfolio_update');
  const second = await join(own);
  await second.ask('subscribe', { ...PORTFOLIO, since: '2999-01-01T00:00:00Z' });
  expect(second.all('subscribed').at(-1)).toMatchObject({ recovered: false });
  await publish(own, portfolio(own, 2));
  await second.next('portfolio_update', 2);
  expect(totals(second)).toEqual([1, 2]);
});

it('a client that leaves and joins again gets no older portfolio than before', async () => {
  const own = newUser();
  const client = await watching(own);
  await client.next('portfolio_status'); // that none is known
  await publish(own, portfolio(own, 5));
  await client.next('portfolio_update');
  await store(own, portfolio(own, 3));
  await client.ask('unsubscribe', PORTFOLIO);
  await client.ask('subscribe', PORTFOLIO);
  await client.next('portfolio_status', 3); // that it moves, and that none is known
  await store(own, portfolio(own, 5));
  await client.ask('subscribe', PORTFOLIO);
  await client.next('portfolio_update', 2);
  expect(totals(client)).toEqual([5, 5]);
});

it('get_snapshot returns the newest portfolio without joining', async () => {
  const own = newUser();
  const client = await join(own);
  expect(await client.ask('get_snapshot', PORTFOLIO)).toEqual({
    ok: true,
    rooms: ['portfolio'],
    snapshots: [{ room: 'portfolio', updates: 0 }],
  });
  await store(own, portfolio(own, 7));
  const answer = await client.ask('get_snapshot', PORTFOLIO);
  expect(answer.snapshots).toEqual([{ room: 'portfolio', updates: 1 }]);
  expect(totals(client)).toEqual([7]);
  expect(await subscribers(own)).toBe(0);
});

describe('a client never gets the portfolio of another user', () => {
  it.each<[string, object]>([
    ['a user in the request', { type: 'portfolio', user_id: 'victim', user: 'victim', symbol: 'victim' }],
    ['symbols', { type: 'portfolio', symbols: ['victim'], expiry: null }],
  ])('by %s', async (_, request) => {
    await store('victim', portfolio('victim', 1));
    const client = await join(newUser());
    client.contract.sendsInvalid = true;
    await client.ask('subscribe', request);
    await client.ask('get_snapshot', request);
    await publish('victim', portfolio('victim', 2));
    await client.settled();
    expect(client.all('portfolio_update')).toEqual([]);
  });

  it.each(['portfolio:victim', 'portfolio@1hz', 'enriched:portfolio:victim', 'portfolio:*'])(
    'by the type or room %s',
    async (name) => {
      const client = await join(newUser());
      client.contract.sendsInvalid = true;
      for (const event of ['subscribe', 'get_snapshot', 'unsubscribe']) {
        expect(await client.ask(event, { type: name })).toMatchObject({ error: { code: 'INVALID_TYPE' } });
      }
      const response = await fetch(`${gateway.url}/sse?rooms=${encodeURIComponent(name)}`, {
        headers: { Authorization: `Bearer ${tokenOf('x')}` },
      });
      expect(response.status).toBe(400);
      await response.body?.cancel();
    },
  );

  it('by having no token', async () => {
    const client = await TestClient.connect(gateway.url);
    for (const event of ['subscribe', 'get_snapshot'])
      expect(await client.ask(event, PORTFOLIO)).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } });
  });

  it('by a message on the own channel that names another user, or none', async () => {
    const own = newUser();
    const client = await watching(own);
    const before = await gateway.metric('socket_gateway_portfolio_rejected_total{reason="bad_user"}');
    for (const id of ['victim', 42, [own], ` ${own}`, '']) await publish(own, portfolio(id as string, 1));
    await publish(own, JSON.stringify({ timestamp: timestamp(2) }));
    for (const text of ['', 'null', '[]', '{', '"x"', 'x'.repeat(100)]) await publish(own, text);
    await publish(own, JSON.stringify({ user_id: own, timestamp: 'yesterday' }));
    await publish(own, portfolio(own, 9));
    await client.next('portfolio_update');
    expect(totals(client)).toEqual([9]);
    expect(await gateway.metric('socket_gateway_portfolio_rejected_total{reason="bad_user"}')).toBe(
      before + 5,
    );
  });

  it('by a name with the syntax of rooms and patterns', async () => {
    const client = await watching(ODD);
    for (const other of ['ann', 'ann*@x', 'annn@x:y {z}\n?']) await publish(other, portfolio(other, 1));
    await publish(ODD, portfolio(ODD, 2));
    await client.next('portfolio_update');
    expect(totals(client)).toEqual([2]);
  });

  it('a number and the same number as text are one user', async () => {
    const client = await join(4711);
    await client.ask('subscribe', PORTFOLIO);
    await subscribed('4711');
    await publish('4711', portfolio(4711, 1));
    await client.next('portfolio_update');
  });
});

describe('it ends with the right to it', () => {
  it('when the token expires', async () => {
    const own = newUser();
    const client = await TestClient.connect(gateway.url, {
      ...TRANSPORTS.websocket,
      auth: { token: tokenOf(own, { exp: epoch(8) }) },
      reconnection: false,
    });
    await client.ask('subscribe', PORTFOLIO);
    await waitFor(() => client.disconnects.length === 1);
    await subscribed(own, 0);
  });

  it.each(['user', 'token'])('when the %s is revoked', async (what) => {
    const own = newUser();
    const jti = `token-of-${own}`;
    const client = await TestClient.connect(gateway.url, {
      ...TRANSPORTS.websocket,
      auth: { token: tokenOf(own, { jti }) },
      reconnection: false,
    });
    await client.ask('subscribe', PORTFOLIO);
    await subscribed(own);
    await redis.client.publish('auth:revoked', JSON.stringify(what === 'user' ? { user_id: own } : { jti }));
    await waitFor(() => client.all('closing').length === 1);
    await publish(own, portfolio(own, 1));
    await subscribed(own, 0);
    expect(client.all('portfolio_update')).toEqual([]);
  });

  it('when a token of another user arrives, although that is refused', async () => {
    const [own, other] = [newUser(), newUser()];
    const client = await watching(own);
    const answer = await client.ask('refresh_token', { token: tokenOf(other) });
    expect(answer).toMatchObject({ ok: false, error: { code: 'TOKEN_INVALID' } });
    expect(client.all('unsubscribed')).toEqual([
      { room: 'portfolio', message: 'Unsubscribed from portfolio: the new token is of another user' },
    ]);
    await subscribed(own, 0);
    await publish(own, portfolio(own, 1));
    await publish(other, portfolio(other, 1));
    await client.settled();
    expect(client.all('portfolio_update')).toEqual([]);
  });

  it('also for a snapshot that is being looked up when a token of another user arrives', async () => {
    const [own, other] = [newUser(), newUser()];
    await store(own, portfolio(own, 1));
    const client = await join(own);
    redis.freeze();
    let answer: Promise<unknown>;
    try {
      answer = client.ask('get_snapshot', PORTFOLIO) as Promise<unknown>;
      await client.ask('refresh_token', { token: tokenOf(other) });
    } finally {
      redis.thaw();
    }
    expect(await answer).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } });
    expect(client.all('portfolio_update')).toEqual([]);
  });

  it('when the new token does not allow it, but not when it does', async () => {
    const own = newUser();
    const client = await watching(own);
    await client.ask('refresh_token', { token: tokenOf(own) });
    expect(client.all('unsubscribed')).toEqual([]);
    const answer = await client.ask('refresh_token', { token: tokenOf(own, { rooms: ['product:*'] }) });
    expect(answer).toMatchObject({ ok: true, rooms: [] });
    expect(client.all('unsubscribed')).toMatchObject([{ room: 'portfolio' }]);
    expect(await client.ask('subscribe', PORTFOLIO)).toMatchObject({ error: { code: 'FORBIDDEN' } });
    await subscribed(own, 0);
  });

  it.each([
    [['portfolio'], true],
    [['portfol*', 'general'], true],
    [['general', 'product:*'], false],
  ])('rooms %j of a token: %s', async (rooms, isAllowed) => {
    const client = await TestClient.connect(gateway.url, { auth: { token: tokenOf(newUser(), { rooms }) } });
    expect((await client.ask('subscribe', PORTFOLIO)).ok).toBe(isAllowed);
  });

  it('a list of products does not restrict it', async () => {
    const token = tokenOf(newUser(), { products: ['NIFTY'] });
    const client = await TestClient.connect(gateway.url, { auth: { token } });
    expect((await client.ask('subscribe', PORTFOLIO)).ok).toBe(true);
  });
});

describe('silence is never ambiguous', () => {
  const statuses = (client: TestClient): PortfolioStatus['status'][] =>
    client.all('portfolio_status').map(({ status }) => status);

  it('a client is told that nothing is known, that the portfolio has stopped, and that it moves again', async () => {
    const own = newUser();
    const client = await watching(own);
    const never = await client.next('portfolio_status');
    expect(never).toEqual({ status: 'stale', last_update: null, age_ms: null });
    await publish(own, portfolio(own, 1));
    await client.next('portfolio_status', 2);
    expect(client.received.slice(-2).map(({ event }) => event)).toEqual([
      'portfolio_status',
      'portfolio_update',
    ]);
    const stopped = await client.next('portfolio_status', 3);
    expect(stopped.status).toBe('stale');
    expect(stopped.age_ms).toBeGreaterThanOrEqual(3_000);
    expect(stopped.age_ms).toBeLessThan(60_000);
    const late = await watching(own);
    await late.next('portfolio_status');
    expect(late.received.slice(-2).map(({ event }) => event)).toEqual([
      'portfolio_update',
      'portfolio_status',
    ]);
    await publish(own, portfolio(own, 1)); // the same again shows that the producer lives
    await client.next('portfolio_status', 4);
    expect(statuses(client)).toEqual(['stale', 'live', 'stale', 'live']);
    expect(totals(client)).toEqual([1]);
  });

  it('an old portfolio of the store is sent, and said to be stale', async () => {
    const own = newUser();
    await store(own, JSON.stringify({ user_id: own, timestamp: '2020-01-01T00:00:00Z', total: 5 }));
    const client = await watching(own);
    await client.next('portfolio_status');
    expect(
      client.received
        .slice(-2)
        .map(({ event }) => event)
        .sort(),
    ).toEqual(['portfolio_status', 'portfolio_update']);
  });
});

it('after an outage of Redis, the clients are told of the gap and get the newest portfolio', async () => {
  const own = newUser();
  const client = await watching(own);
  await publish(own, portfolio(own, 1));
  await client.next('portfolio_update');
  for (const role of ['portfolio-sub', 'commands']) await killConnections(role);
  await store(own, portfolio(own, 2));
  await client.next('portfolio_update', 2);
  expect(client.all('feed_gap').filter(({ room }) => room === 'portfolio')).toHaveLength(1);
  const events = client.received.map(({ event }) => event);
  expect(events.indexOf('feed_gap')).toBeLessThan(events.lastIndexOf('portfolio_update'));
  await subscribed(own);
  await publish(own, portfolio(own, 3));
  await client.next('portfolio_update', 3);
  expect(totals(client)).toEqual([1, 2, 3]);
});

it('a channel that Redis does not allow is a problem of health, and ends with the permission', async () => {
  const own = newUser();
  await (await watching(newUser())).settled();
  await redis.client.call(
    'ACL',
    'SETUSER',
    'default',
    'resetchannels',
    '&enriched:[uo]*',
    '&socket-gateway*',
  );
  const client = await join(own);
  try {
    await client.ask('subscribe', PORTFOLIO);
    const problem = async (): Promise<string> => JSON.stringify((await gateway.json('/health')).details);
    await waitFor(async () => (await problem()).includes('NOPERM'));
    expect(await gateway.json('/health')).toMatchObject({ status: 'healthy' });
    const told = await client.next('portfolio_status');
    expect(told).toEqual({ status: 'stale', last_update: null, age_ms: null });
  } finally {
    await redis.client.call('ACL', 'SETUSER', 'default', 'allchannels');
  }
  await subscribed(own);
  await publish(own, portfolio(own, 1));
  await client.next('portfolio_update');
  expect((await gateway.json('/health')).details).not.toHaveProperty('portfolios');
});

async function killConnections(role: string): Promise<void> {
  const list = String(await redis.client.client('LIST'));
  for (const line of list.split('\n')) {
    const [, id] = /^id=(\d+)/.exec(line) ?? [];
    if (id !== undefined && line.includes(`name=socket-gateway:${role}`))
      await redis.client.client('KILL', 'ID', id);
  }
}

it('neither logs nor metrics nor lists name the user', async () => {
  const secret = 'secret-user-name';
  const client = await watching(secret);
  await publish(secret, portfolio(secret, 1));
  await publish(secret, 'not JSON');
  await client.next('portfolio_update');
  await client.ask('get_snapshot', PORTFOLIO);
  const metrics = await (await gateway.get('/metrics', { accept: 'text/plain' })).text();
  const rooms = JSON.stringify(await gateway.json('/metrics'));
  const health = JSON.stringify(await gateway.json('/health'));
  client.close();
  await subscribed(secret, 0);
  expect(metrics).toContain('socket_gateway_rooms{kind="portfolio"} 1');
  for (const text of [metrics, rooms, health, JSON.stringify(gateway.logs), gateway.stderr])
    expect(text).not.toContain(secret);
});

it('a gateway without portfolios has no connection for them', async () => {
  const plain = await GatewayProcess.start({
    REDIS_URL: redis.url,
    ...SETTINGS,
    SERVICE_NAME: 'without',
  });
  await plain.ready();
  const client = await TestClient.connect(plain.url, { auth: { token: tokenOf('a') } });
  await client.settled();
  const list = String(await redis.client.client('LIST'));
  expect(list).toContain('name=without:commands');
  expect(list).not.toContain('name=without:portfolio-sub');
});
