import { SocketClient } from '../../clients/typescript/src/client.js';
import {
  type ClientOptions,
  historyPages,
  type HistoryRequest,
  recordsOf,
  RequestError,
} from '../../clients/typescript/src/index.js';
import { Link } from '../../clients/typescript/src/link.js';
import type { Session } from '../../clients/typescript/src/session.js';
import { FakeGateway, type FakeGatewayOptions } from '../../clients/typescript/src/testing/index.js';
import { openingStream } from '../../src/history/history-streams.js';
import { cleanUp } from '../support/cleanup.js';
import { ContractCheck } from '../support/contract-check.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { chain, EXPIRY, timestampOf } from '../support/messages.js';
import { OPTION_CHAIN, Platform, UNDERLYING } from '../support/platform.js';
import { RedisServer } from '../support/redis-server.js';
import { claims, epoch, hs256, JWT_SECRET } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';
import { checkConnections } from './support/checked-connections.js';

/** What the scenarios need of a gateway, whether it is real or the package's fake one. */
interface World {
  connect(options?: ClientOptions): SocketClient;
  publishPrice(product: string, n: number): Promise<void>;
  publishChain(product: string, n: number, expiry?: string, fields?: object): Promise<void>;
  /** Waits until the history has the first chain of the session. */
  hasOpening(product: string, expiry: string): Promise<void>;
  /** Publishes and stores the portfolio of a user, as the platform does. */
  publishPortfolio(user: number, n: number): Promise<void>;
  /** Waits until the product's price and chains have become stale. */
  stale(product: string): Promise<void>;
  /** The token is about to expire, and then expires. */
  warn(): Promise<void>;
  expire(): Promise<void>;
  drain(): Promise<void>;
  end(): Promise<unknown>;
}

/** The settings of a scenario, for both gateways. */
interface Setting {
  readonly env: Record<string, string>;
  readonly fake: FakeGatewayOptions;
}

type Line = readonly [name: string, content: unknown];

/** What differs between two runs of the same gateway: times, identities and configuration. */
const VARIES: ReadonlySet<string> = new Set([
  'client_id',
  'replica',
  'server_time',
  'limits',
  'last_update',
  'age_ms',
  'expires_at',
  'expires_in_ms',
  'reconnect_in_ms',
  'retry_after_ms',
  'next',
]);

/** Texts for people, which are the same only if a test says so. */
const TEXTS: ReadonlySet<string> = new Set(['FORBIDDEN', 'AUTH_REQUIRED', 'TOKEN_INVALID']);

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const { code } = value as { readonly code?: string };
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) => {
      if (key === 'message' && code !== undefined && TEXTS.has(code)) return [];
      // A time that is not known is not just another time.
      return [[key, VARIES.has(key) && field !== null ? 'any' : comparable(field)]];
    }),
  );
}

const connections = new Map<unknown, Line[]>();

/** Everything that the clients' connections receive from now on, in order. */
function record(): () => readonly Line[] {
  connections.clear();
  return () => [...connections.values()].flat();
}

beforeAll(() => {
  const note = (link: unknown, name: string, content: unknown): void => {
    const lines = connections.get(link) ?? [];
    connections.set(link, lines);
    lines.push([name, comparable(content)]);
  };
  const link = Link.prototype as unknown as {
    receive(name: string, payload: unknown): void;
    end(end: { readonly kind: string; readonly error: { readonly code?: string } }): void;
  };
  const { receive, end } = link;
  const { ask } = Link.prototype;
  link.receive = function (name, payload) {
    note(this, name, payload);
    receive.call(this, name, payload);
  };
  link.end = function (reason) {
    if (reason.kind === 'refused') note(this, 'end', reason.error.code);
    end.call(this, reason);
  };
  Link.prototype.ask = function (event, payload, limitMs, done) {
    ask.call(this, event, payload, limitMs, (answer) => {
      if (answer.kind === 'answer') note(this, `answer to ${event}`, answer.answer);
      done(answer as never);
    });
  };
});

let redis: RedisServer;
const contract = new ContractCheck();
beforeAll(async () => {
  checkConnections(contract);
  redis = await RedisServer.start();
});
afterAll(() => redis.stop());

const started = Date.now();
/** The `n`-th portfolio of a user. Both gateways get the same, with a present time, so it is not stale. */
const portfolio = (user_id: number, n: number) => ({
  user_id,
  timestamp: new Date(started + n).toISOString(),
  positions: [{ product: 'NIFTY', quantity: n }],
});
const user = { user_id: '42', role: 'user' };
const isStale = (client: SocketClient, product: string) => client.isStale(product);

async function real({ env }: Setting): Promise<World> {
  await redis.client.flushall();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, PRODUCTS: 'NIFTY', ...env });
  const platform = new Platform(redis, gateway);
  return {
    connect: (options) => {
      // The fake gateway sends no heartbeats.
      const client = new SocketClient(gateway.url, { heartbeatMs: false, ...options });
      cleanUp(() => client.close());
      return client;
    },
    publishPrice: async (product, n) => {
      const time = timestampOf(n);
      const type = 'UNDERLYING_ENRICHED';
      await platform.publish(UNDERLYING, { type, product, price: n, timestamp: time, processed_at: time });
      await platform.carried();
    },
    publishChain: async (product, n, expiry, fields) => {
      await platform.publish(OPTION_CHAIN, { ...chain(product, n, expiry), ...fields });
      await platform.carried();
    },
    hasOpening: (product, expiry) =>
      waitFor(async () => (await redis.client.exists(openingStream(product, expiry))) === 1, 'no opening'),
    publishPortfolio: async (user, n) => {
      const text = JSON.stringify(portfolio(user, n));
      await redis.client.set(`latest:portfolio:${user}`, text);
      // Without a client of this user, no gateway is subscribed to the channel.
      await redis.client.publish(`enriched:portfolio:${user}`, text);
    },
    stale: async (product) => {
      const watcher = new SocketClient(gateway.url, { heartbeatMs: false });
      const handle = watcher.subscribe({ type: 'product', symbol: product });
      await handle.ready;
      await waitFor(() => isStale(watcher, product));
      watcher.close();
    },
    // Its tokens are short-lived, so both happen in time.
    warn: () => Promise.resolve(),
    expire: () => Promise.resolve(),
    drain: () => {
      void gateway.stop();
      return Promise.resolve();
    },
    end: () => gateway.stop(),
  };
}

function fake({ fake: options }: Setting): Promise<World> {
  const gateway = new FakeGateway({ products: ['NIFTY'], ...options });
  return Promise.resolve({
    connect: (own) => gateway.connect(own),
    publishPrice: async (product, n) => {
      const time = timestampOf(n);
      gateway.publishPrice(product, n, { timestamp: time, processed_at: time });
      await gateway.settle();
    },
    publishChain: async (product, n, expiry, fields) => {
      gateway.publishChain({ ...chain(product, n, expiry), ...fields });
      await gateway.settle();
    },
    hasOpening: () => Promise.resolve(),
    publishPortfolio: (user, n) => {
      gateway.publishPortfolio(user, portfolio(user, n));
      return gateway.settle();
    },
    stale: (product) => {
      gateway.markStale(product);
      return gateway.settle();
    },
    warn: () => {
      gateway.warnTokenExpiring(2_000);
      return gateway.settle();
    },
    expire: () => {
      gateway.expireToken();
      return gateway.settle();
    },
    drain: () => {
      gateway.drain({ reconnectInMs: 100 });
      return gateway.settle();
    },
    end: () => Promise.resolve(gateway.close()),
  });
}

async function both(
  setting: Setting,
  scenario: (world: World, lines: () => readonly Line[]) => Promise<void>,
): Promise<{ readonly real: readonly Line[]; readonly fake: readonly Line[] }> {
  const run = async (world: World): Promise<readonly Line[]> => {
    const lines = record();
    await scenario(world, lines);
    const result = [...lines()];
    await world.end();
    return result;
  };
  const result = { real: await run(await real(setting)), fake: await run(await fake(setting)) };
  expect(result.real.length).toBeGreaterThan(0);
  return result;
}

const has = (lines: () => readonly Line[], name: string, count = 1) =>
  waitFor(
    () => lines().filter(([one]) => one === name).length >= count,
    () => JSON.stringify(lines()),
  );

/** Waits until the client is connected, and nothing that it asked for itself is on its way. */
async function connected(client: SocketClient): Promise<void> {
  for (let request = 0; request < 2; request++) await client.products();
}

it('the fake gateway sends for subscriptions, snapshots and lists what the real one sends', async () => {
  const setting = {
    env: { PRODUCTS: 'NIFTY,SENSEX', MAX_SUBSCRIPTIONS: '7', MAX_CHAINS_PER_SNAPSHOT: '2' },
    fake: { products: ['NIFTY', 'SENSEX'], limits: { max_subscriptions: 7, max_chains_per_snapshot: 2 } },
  };
  const result = await both(setting, async (world, lines) => {
    await world.publishPrice('NIFTY', 1);
    for (const expiry of ['2026-12-31', EXPIRY, '2027-01-28']) await world.publishChain('NIFTY', 1, expiry);
    const client = world.connect();
    await connected(client);
    const subscribe = async (request: Parameters<SocketClient['subscribe']>[0], event?: string) => {
      const before = lines().filter(([name]) => name === event).length;
      const handle = client.subscribe(request);
      await handle.ready.catch(() => undefined);
      // A real gateway sends it once it has looked into Redis, so it may come after other answers.
      if (event !== undefined) await has(lines, event, before + 1);
      // Requests are answered in order, so nothing of this one is on its way any more.
      await client.subscriptions();
      return handle;
    };
    await subscribe({ type: 'product', symbol: 'NIFTY' });
    await subscribe({ type: 'chain', symbol: 'NIFTY' });
    const one = await subscribe({ type: 'chain', symbol: 'NIFTY', expiry: EXPIRY });
    await subscribe({ type: 'product', symbol: 'SENSEX' });
    await subscribe({ type: 'chain', symbol: 'SENSEX', expiry: EXPIRY }, 'chain_status');
    await subscribe({ type: 'product', symbol: 'nifty' }, 'feed_status');
    await subscribe({ type: 'product', symbol: 'BEYOND' });
    await world.publishPrice('NIFTY', 2);
    await world.publishPrice('NIFTY', 1); // older
    await world.publishChain('NIFTY', 3);
    await world.publishPrice('nifty', 1);
    await world.publishChain('SENSEX', 1);
    await world.publishChain('AAPL', 1);
    await client.snapshot({ type: 'chain', symbols: ['NIFTY', 'SENSEX', 'TSLA'] });
    await client.snapshot({ type: 'product', symbols: ['NIFTY', 'AAPL'] });
    one.unsubscribe();
    await client.subscriptions();
    await client.products();
    client.close();
  });
  expect(result.fake).toEqual(result.real);
  expect(new Set(result.real.map(([name]) => name)).size).toBeGreaterThan(15);
});

it('the fake gateway sends for a product that has stopped what the real one sends', async () => {
  const setting = { env: { STALE_AFTER_MS: '700', CHAIN_STALE_AFTER_MS: '60000' }, fake: {} };
  const result = await both(setting, async (world, lines) => {
    await world.publishPrice('NIFTY', 1);
    await world.stale('NIFTY');
    connections.clear();
    const client = world.connect();
    await connected(client);
    await client.subscribe({ type: 'product', symbol: 'NIFTY' }).ready;
    await client.snapshot({ type: 'product', symbol: 'NIFTY' });
    await world.publishPrice('NIFTY', 2);
    await has(lines, 'underlying_update', 3);
    client.close();
  });
  expect(result.fake).toEqual(result.real);
  expect(result.real).toContainEqual(['feed_statuses', expect.anything()]);
});

it('the fake gateway sends for views what the real one sends', async () => {
  const result = await both({ env: {}, fake: {} }, async (world, lines) => {
    await world.publishPrice('NIFTY', 1);
    for (const expiry of [EXPIRY, '2026-12-31']) await world.publishChain('NIFTY', 1, expiry);
    const client = world.connect({ general: false });
    await connected(client);
    const view = { mode: 'quote', strikes: 7 } as const;
    const handle = client.subscribe({ type: 'chain', symbol: 'NIFTY', expiry: EXPIRY, view });
    await handle.ready;
    expect(handle.granted).toEqual({ mode: 'quote', strikes: 5 });
    await world.publishChain('NIFTY', 2);
    await has(lines, 'chain_view', 2);
    await handle.changeView({ mode: 'greeks' });
    await world.publishChain('NIFTY', 3);
    await has(lines, 'chain_view', 4);
    await client.snapshot({ type: 'chain', symbol: 'NIFTY', view: { mode: 'ltp', strikes: 100 } });
    await client.subscribe({ type: 'product', symbol: 'NIFTY', view: { max_rate: 3 } }).ready;
    await world.publishPrice('NIFTY', 2);
    await has(lines, 'underlying_update', 2);
    handle.unsubscribe();
    await has(lines, 'unsubscribed', 2);
    await client.subscriptions();
    client.close();
  });
  expect(result.fake).toEqual(result.real);
  expect(result.real).toContainEqual(['chain_view', expect.objectContaining({ view: { mode: 'greeks' } })]);
});

it('the fake gateway sends for tokens what the real one sends', async () => {
  const authenticate = (token: string | undefined) => {
    if (token === undefined) return 'AUTH_REQUIRED';
    return token.split('.').length === 3 ? user : 'TOKEN_INVALID';
  };
  const setting = {
    env: {
      AUTH_MODE: 'required',
      JWT_SECRET,
      SECRET_KEY: JWT_SECRET.toLowerCase(),
      TOKEN_EXPIRY_NOTICE_SECONDS: '2',
    },
    fake: { authenticate },
  };
  const result = await both(setting, async (world, lines) => {
    const stranger = world.connect();
    await waitFor(() => stranger.state === 'closed');
    const liar = world.connect({ token: 'no token' });
    await waitFor(() => liar.state === 'closed');
    let tokens = 0;
    const token = () => (++tokens === 2 ? 'no token' : hs256(claims({ exp: epoch(tokens > 2 ? 60 : 6) })));
    const client = world.connect({ token });
    await connected(client);
    await world.warn();
    await has(lines, 'token_refreshed');
    client.close();
    const other = world.connect({ token: hs256(claims({ exp: epoch(6) })) });
    await connected(other);
    await world.warn();
    await has(lines, 'token_expiring', 2);
    await world.expire();
    await waitFor(() => other.state === 'closed');
  });
  expect(result.fake).toEqual(result.real);
  expect(result.real).toContainEqual(['end', 'TOKEN_EXPIRED']);
});

it('the fake gateway sends for portfolios what the real one sends', async () => {
  const setting = {
    env: {
      AUTH_MODE: 'optional',
      JWT_SECRET,
      SECRET_KEY: JWT_SECRET.toLowerCase(),
      PORTFOLIO_STALE_AFTER_MS: '60000',
    },
    fake: {
      authenticate: (token: string | undefined) =>
        token === undefined ? null : { user_id: String(userOf(token)), role: 'user' },
    },
  };
  const result = await both(setting, async (world, lines) => {
    const join = async (options: ClientOptions, event?: string) => {
      const before = lines().filter(([name]) => name === event).length;
      const client = world.connect({ general: false, ...options });
      const handle = client.subscribe({ type: 'portfolio' });
      await handle.ready.catch(() => undefined);
      // For the first client of a user, the real gateway sends it once it has looked into Redis.
      if (event !== undefined) await has(lines, event, before + 1);
      await client.subscriptions();
      return { client, handle };
    };
    const anonymous = await join({});
    expect(anonymous.handle.error?.code).toBe('FORBIDDEN');
    anonymous.client.close();
    const token = (id: number) => hs256(claims({ user_id: id }));
    // The first client of a user without a portfolio.
    const first = await join({ token: token(1) }, 'portfolio_status');
    await world.publishPortfolio(1, 1);
    await has(lines, 'portfolio_update');
    await world.publishPortfolio(1, 3);
    await world.publishPortfolio(1, 2); // older
    await has(lines, 'portfolio_update', 2);
    // The portfolio of another user reaches no client of this one.
    await world.publishPortfolio(2, 4);
    const second = await join({ token: token(1) }, 'portfolio_update');
    await world.publishPortfolio(1, 5);
    await has(lines, 'portfolio_update', 5);
    // The first client of a user whose portfolio is in the store.
    const other = await join({ token: token(2) }, 'portfolio_update');
    expect(other.handle.latest).toEqual(portfolio(2, 4));
    second.handle.unsubscribe();
    await has(lines, 'answer to unsubscribe', 5); // each client has left `general`
    // A token of another user is refused, and ends the portfolio.
    for (const attempt of [1, 2]) {
      await refresh(other.client, token(1));
      await has(lines, 'error', attempt + 1); // the anonymous client was sent one
    }
    expect(other.handle.error).toMatchObject({ code: 'FORBIDDEN', message: ANOTHER_USER });
    expect(other.handle.latest).toBeUndefined();
    for (const { client } of [first, second, other]) client.close();
  });
  expect(result.fake).toEqual(result.real);
  expect(result.real).toContainEqual(['portfolio_status', expect.objectContaining({ status: 'live' })]);
  expect(result.real).toContainEqual(['unsubscribed', { room: 'portfolio', message: ANOTHER_USER }]);
  expect(result.real).toContainEqual(['error', expect.objectContaining({ code: 'TOKEN_INVALID' })]);
});

const ANOTHER_USER = 'Unsubscribed from portfolio: the new token is of another user';

/** Sends a token. Resolves with the answer. */
function refresh(client: SocketClient, token: string): Promise<unknown> {
  const { active } = (client as unknown as { connector: { active: Session } }).connector;
  return new Promise((resolve) => active.ask('refresh_token', { token }, 10_000, resolve));
}

/** The user of a token. */
function userOf(token: string): unknown {
  const text = Buffer.from(token.split('.')[1]!, 'base64url').toString();
  return (JSON.parse(text) as { readonly user_id: unknown }).user_id;
}

it('the fake gateway sends for history and to a client that resumes what the real one sends', async () => {
  const result = await both({ env: { CACHE_WRITE_INTERVAL_MS: '50' }, fake: {} }, async (world, lines) => {
    // It connects again when the test says so.
    let connect: (token: string) => void = () => undefined;
    const allowed = new Promise<string>((resolve) => (connect = resolve));
    let asked = 0;
    // Without a price, a real gateway looks into Redis first, and says at any later time that it is stale.
    for (const n of [1, 2]) await world.publishPrice('SENSEX', n);
    const client = world.connect({ resume: true, token: () => (++asked === 1 ? 'any' : allowed) });
    const handle = client.subscribe({ type: 'product', symbols: ['NIFTY', 'SENSEX'] });
    await handle.ready;
    await waitFor(async () => (await client.subscriptions()).includes('general'));
    for (const n of [1, 2, 3]) await world.publishPrice('NIFTY', n);
    await world.publishChain('NIFTY', 1);
    await has(lines, 'chain_summary');
    const { active } = (client as unknown as { connector: { active: Session } }).connector;
    (active as unknown as { link: Link }).link.fail(new Error('cut'));
    for (const n of [4, 5]) await world.publishPrice('NIFTY', n);
    connect('any');
    await waitFor(() => handle.latestOf('NIFTY')?.price === 5);
    await waitFor(async () => (await client.subscriptions()).includes('general'));
    const requests: Partial<HistoryRequest>[] = [
      {},
      { limit: 2 },
      { from: timestampOf(2), limit: 2 },
      { to: timestampOf(2) },
      { resolution: '1m' },
      { type: 'summary' },
      { type: 'summary', expiry: '2027-01-28' },
      { symbol: 'TSLA' },
      { type: 'summary', symbol: 'TSLA' },
    ];
    for (const request of requests) await client.history({ type: 'product', symbol: 'NIFTY', ...request });
    const { next } = await client.history({ type: 'product', symbol: 'NIFTY', limit: 2 });
    expect(next).not.toBeNull();
    const faults: Partial<HistoryRequest>[] = [
      { symbol: 'no symbol' },
      { expiry: '2027-01-28' },
      { from: 'yesterday' },
      { to: '2026-13-01T00:00:00' },
      { limit: 0 },
      { limit: 5_001 },
      { limit: 1.5 },
      { type: 'summary', resolution: '1m' },
      { cursor: 'x' },
      { symbol: 'SENSEX', cursor: next! },
      { resolution: '1m', cursor: next! },
    ];
    contract.sendsInvalid = true;
    for (const fault of faults) {
      const refused = client.history({ type: 'product', symbol: 'NIFTY', ...fault });
      await expect(refused).rejects.toThrow(RequestError);
    }
    contract.sendsInvalid = false;
    client.close();
  });
  expect(result.fake).toEqual(result.real);
  expect(result.real).toContainEqual([
    'subscribed',
    expect.objectContaining({ recovered: true, replayed: expect.any(Number) }),
  ]);
});

it('the fake gateway sends for openings what the real one sends', async () => {
  const env = { CACHE_WRITE_INTERVAL_MS: '50' };
  const later = '2027-01-28';
  const result = await both({ env, fake: {} }, async (world) => {
    const client = world.connect({ general: false });
    await connected(client);
    const { calls, puts } = chain('NIFTY', 1);
    // Two calls have one strike, and a put has no open interest.
    const first = {
      calls: [{ ...calls[0], open_interest: 7 }, ...calls],
      puts: [{ ...puts[0], open_interest: null, last: 8 }, puts[1]],
    };
    await world.publishChain('NIFTY', 1, EXPIRY, first);
    await world.publishChain('NIFTY', 2, EXPIRY);
    await world.publishChain('NIFTY', 1, later, { calls: [], puts: [] });
    await world.publishPrice('SENSEX', 1);
    await world.hasOpening('NIFTY', EXPIRY);
    const requests: Partial<HistoryRequest>[] = [
      {},
      { expiry: EXPIRY },
      { expiry: later },
      { expiry: '2027-02-25' },
      { resolution: 'raw' },
      { symbol: 'SENSEX' },
      { symbol: 'TSLA' },
      { symbol: 'NIFTYY' },
    ];
    for (const request of requests) await client.history({ type: 'opening', symbol: 'NIFTY', ...request });
    const pages = historyPages(client, { type: 'opening', symbol: 'NIFTY' });
    let records: unknown;
    for await (const page of pages) {
      expect(records).toBeUndefined();
      records = recordsOf(page);
    }
    const [timestamp, leg] = [timestampOf(1), { call_open_interest: 20_859, call_last: 715.93 }];
    const noCall = { call_open_interest: null, call_last: null };
    const noPut = { put_open_interest: null, put_last: null };
    expect(records).toEqual([
      { timestamp, strike: 21_450, ...leg, call_open_interest: 7, ...noPut },
      { timestamp, strike: 21_500, ...leg, put_open_interest: null, put_last: 8 },
      { timestamp, strike: 21_550, ...noCall, put_open_interest: 20_859, put_last: 715.93 },
    ]);
    const handle = client.subscribe({ type: 'chain', symbol: 'NIFTY', expiry: later });
    await handle.ready;
    expect(await handle.history({ type: 'opening' })).toMatchObject({
      expiry: later,
      updates: [],
      next: null,
    });
    const summaries = { type: 'summary', symbol: 'NIFTY', expiry: EXPIRY, limit: 1 } as const;
    const { next } = await client.history(summaries);
    expect(next).not.toBeNull();
    const faults: Partial<HistoryRequest>[] = [
      { from: timestampOf(1) },
      { from: 'yesterday' },
      { to: timestampOf(1) },
      { limit: 10 },
      { limit: 0 },
      { limit: 5_001 },
      { cursor: next! },
      { cursor: 'x' },
      { resolution: '1m' },
      { expiry: 'tomorrow' },
      { symbol: 'no symbol' },
      { type: 'product', expiry: EXPIRY },
      { type: 'openings' as 'opening' },
    ];
    contract.sendsInvalid = true;
    for (const fault of faults) {
      const refused = client.history({ type: 'opening', symbol: 'NIFTY', ...fault });
      await expect(refused).rejects.toThrow(RequestError);
    }
    contract.sendsInvalid = false;
    client.close();
  });
  expect(result.fake).toEqual(result.real);
});

it('the fake gateway sends for a shutdown what the real one sends', async () => {
  const setting = { env: { DRAIN_TIMEOUT_MS: '2000' }, fake: {} };
  const result = await both(setting, async (world, lines) => {
    // A static token and no way to connect again: the client stays until it is closed.
    let asked = 0;
    const client = world.connect({ token: () => (++asked === 1 ? 'any' : new Promise(() => undefined)) });
    await connected(client);
    await world.drain();
    await has(lines, 'end');
    client.close();
  });
  expect(result.fake).toEqual(result.real);
  expect(result.real).toContainEqual(['closing', expect.objectContaining({ code: 'DRAINING' })]);
});
