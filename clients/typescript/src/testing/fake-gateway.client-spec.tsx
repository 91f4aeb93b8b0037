/** @jest-environment jsdom */
import { act, render, screen } from '@testing-library/react';
import { checkConnections } from '../../../../test/clients/support/checked-connections.js';
import { ClientEvent, ServerEvent } from '../contract/index.js';
import type { SocketClient } from '../index.js';
import { GatewayProvider, useChain, useConnection, useProduct } from '../react/index.js';
import { FakeGateway, type FakeGatewayOptions } from './index.js';

const EXPIRY = '2026-11-26';
const seen = checkConnections();
const gateways: FakeGateway[] = [];

function start(options: FakeGatewayOptions = { products: ['NIFTY'] }): FakeGateway {
  const gateway = new FakeGateway(options);
  gateways.push(gateway);
  return gateway;
}

/** The names and payloads of what a client reports from now on. */
function listen(client: SocketClient, ...events: readonly string[]): [string, unknown][] {
  const heard: [string, unknown][] = [];
  for (const event of events) client.on(event as 'closing', (payload) => heard.push([event, payload]));
  return heard;
}

const states = (client: SocketClient): string[] => {
  const all: string[] = [];
  client.on('state', ({ state }) => all.push(state));
  return all;
};

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  for (const gateway of gateways.splice(0)) gateway.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('a component', () => {
  function Price({ symbol }: { symbol: string }) {
    const { update, stale, error } = useProduct(symbol);
    const { chain } = useChain(symbol);
    const { state } = useConnection();
    if (error) return <p role="status">{error.code}</p>;
    return (
      <p role="status">{`${state} ${update?.price ?? '–'}${stale ? ' stale' : ''} ${chain?.spot_price ?? '–'}`}</p>
    );
  }
  const shown = () => screen.getByRole('status').textContent;
  const frame = async (gateway: FakeGateway, ms = 16) =>
    act(async () => {
      await gateway.settle();
      jest.advanceTimersByTime(ms);
      await gateway.settle();
      jest.advanceTimersByTime(16);
    });

  it('shows what the test publishes, with fake timers', async () => {
    const gateway = start();
    const client = gateway.connect({ general: false });
    gateway.publishPrice('NIFTY', 21_500);
    render(
      <GatewayProvider client={client}>
        <Price symbol="NIFTY" />
      </GatewayProvider>,
    );
    expect(shown()).toBe('connecting – stale –');
    await frame(gateway);
    expect(shown()).toBe('connected 21500 –');
    gateway.publishPrice('NIFTY', 21_501);
    gateway.publishChain({ product: 'NIFTY', expiry: EXPIRY, spot_price: 21_400 });
    await frame(gateway);
    expect(shown()).toBe('connected 21501 21400');
    gateway.markStale('NIFTY');
    await frame(gateway);
    expect(shown()).toBe('connected 21501 stale 21400');
    gateway.markLive('NIFTY');
    await frame(gateway);
    expect(shown()).toBe('connected 21501 21400');
    act(() => gateway.disconnect());
    await frame(gateway);
    expect(shown()).toBe('reconnecting 21501 stale 21400');
    gateway.reconnect();
    await frame(gateway, 100);
    expect(shown()).toBe('connected 21501 21400');
    expect(gateway.rooms(client)).toEqual(['chain:NIFTY', 'product:NIFTY']);
  });

  it('shows that its subscription was rejected', async () => {
    const gateway = start();
    gateway.reject('product:NIFTY', 'FORBIDDEN');
    render(
      <GatewayProvider client={gateway.connect()}>
        <Price symbol="NIFTY" />
      </GatewayProvider>,
    );
    await frame(gateway);
    expect(shown()).toBe('FORBIDDEN');
  });
});

describe('subscriptions', () => {
  it('receive the snapshot of their room, and then every update in order', async () => {
    const gateway = start();
    gateway.publishPrice('NIFTY', 1);
    const client = gateway.connect();
    const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
    const prices: number[] = [];
    handle.on('update', ({ price }) => prices.push(price));
    await gateway.settle();
    await handle.ready;
    gateway.publishPrice('NIFTY', 2);
    gateway.publishPrice('NIFTY', 3, { sentiment: 'up' });
    gateway.publishPrice('NIFTY', 4, { timestamp: '2020-01-01T00:00:00' }); // older, and so dropped
    expect(prices).toEqual([1, 2, 3]);
    expect(handle).toMatchObject({ stale: false, latest: { sentiment: 'up' } });
  });

  it('of a misspelt symbol get a suggestion, and are stale until its first update', async () => {
    const gateway = start();
    const client = gateway.connect();
    const handle = client.subscribe({ type: 'chain', symbol: 'NIFTI' });
    await gateway.settle();
    expect([...handle.suggestions]).toEqual([['NIFTI', 'NIFTY']]);
    expect(handle.stale).toBe(true);
    gateway.publishChain({ product: 'NIFTI', expiry: EXPIRY });
    expect(handle.stale).toBe(false);
  });

  it('beyond the limits are rejected', async () => {
    const gateway = start({ limits: { max_subscriptions: 2, max_symbols_per_request: 2 } });
    const client = gateway.connect();
    const first = client.subscribe({ type: 'product', symbol: 'A' });
    const second = client.subscribe({ type: 'product', symbol: 'B' });
    await gateway.settle();
    await first.ready;
    await expect(second.ready).rejects.toMatchObject({ code: 'TOO_MANY_SUBSCRIPTIONS' });
    const asked = client.snapshot({ type: 'product', symbols: ['A', 'B', 'C'] });
    await expect(asked).rejects.toMatchObject({ code: 'TOO_MANY_SYMBOLS' });
  });

  it('to unknown products beyond their limit wait, and are granted when the product is known', async () => {
    const gateway = start({ limits: { max_unknown_subscriptions: 0 } });
    const client = gateway.connect();
    const handle = client.subscribe({ type: 'product', symbol: 'NEWCO' });
    await gateway.settle();
    expect(handle).toMatchObject({ stale: true, closed: false });
    gateway.publishPrice('NEWCO', 1);
    jest.advanceTimersByTime(40_000);
    await gateway.settle();
    await handle.ready;
    expect(handle).toMatchObject({ stale: false, latest: { price: 1 } });
  });

  it('can be observed, and so can every request', async () => {
    const gateway = start();
    const [one, other] = [gateway.connect({ general: false }), gateway.connect()];
    const handle = one.subscribe({ type: 'product', symbols: ['A', 'B'] });
    await gateway.settle();
    expect(gateway.connections).toBe(2);
    expect(gateway.rooms()).toEqual(['general', 'product:A', 'product:B']);
    expect(gateway.rooms(one)).toEqual(['product:A', 'product:B']);
    handle.unsubscribe();
    await gateway.settle();
    expect(gateway.rooms(one)).toEqual([]);
    expect(gateway.rooms(other)).toEqual(['general']);
    expect(gateway.requests.filter(({ client }) => client === one).map(({ event }) => event)).toEqual(
      expect.arrayContaining(['subscribe', 'unsubscribe']),
    );
    expect(gateway.requests).toContainEqual({
      event: 'subscribe',
      payload: { type: 'product', symbols: ['A', 'B'] },
      client: one,
    });
  });
});

it('a product that became stale before the client connected is stale at once', async () => {
  const gateway = start({ products: ['NIFTY', 'SENSEX'] });
  gateway.publishPrice('NIFTY', 1);
  gateway.markStale('NIFTY');
  const client = gateway.connect();
  await gateway.settle();
  expect([client.isStale('NIFTY'), client.isStale('SENSEX')]).toEqual([true, false]);
});

it('a chain goes stale while the price of its product is live', async () => {
  const gateway = start();
  const client = gateway.connect();
  const chain = client.subscribe({ type: 'chain', symbol: 'NIFTY', expiry: EXPIRY });
  gateway.publishPrice('NIFTY', 1);
  gateway.publishChain({ product: 'NIFTY', expiry: EXPIRY, strikes: [200, 100] });
  await gateway.settle();
  expect(chain.latest).toMatchObject({ spot_price: 1, strikes: [100, 200], calls: [{ strike: 200 }, {}] });
  gateway.markChainStale('NIFTY', EXPIRY);
  expect([chain.stale, client.isStale('NIFTY')]).toEqual([true, false]);
  const { staleChains } = await client.snapshot({ type: 'chain', symbol: 'NIFTY' });
  expect(staleChains).toMatchObject([{ product: 'NIFTY', expiry: EXPIRY }]);
  gateway.markChainLive('NIFTY', EXPIRY);
  expect(chain.stale).toBe(false);
});

it('a client that lags receives the newest updates and is told how many it missed', async () => {
  const gateway = start();
  const client = gateway.connect();
  await gateway.settle();
  const heard = listen(client, 'lagging', 'underlying_update', 'feed_gap');
  gateway.lag(client);
  for (const price of [1, 2, 3]) gateway.publishPrice('NIFTY', price);
  expect(heard).toEqual([]);
  jest.advanceTimersByTime(8_000);
  gateway.catchUp(client);
  gateway.publishPrice('NIFTY', 4);
  gateway.feedGap();
  expect(heard).toMatchObject([
    ['lagging', { dropped: 2, since_ms: 8_000 }],
    ['underlying_update', { price: 3 }],
    ['underlying_update', { price: 4 }],
    ['feed_gap', {}],
  ]);
});

describe('tokens', () => {
  const authenticate = (token: string | undefined) => (token?.startsWith('good') ? {} : 'TOKEN_INVALID');

  it('are renewed when they expire soon, and again after they have expired', async () => {
    const gateway = start({ authenticate });
    const reasons: string[] = [];
    const client = gateway.connect({ token: ({ reason }) => `good ${reasons.push(reason)}` });
    const seenStates = states(client);
    await gateway.settle();
    expect(client.user).toMatchObject({ user_id: '42', role: 'user' });
    jest.advanceTimersByTime(2_000); // a client does not renew a token that is newer than a second
    gateway.warnTokenExpiring();
    await gateway.settle();
    expect(gateway.requests).toMatchObject([{ event: 'get_products' }, { payload: { token: 'good 2' } }]);
    gateway.expireToken(client);
    await act(() => jest.advanceTimersByTimeAsync(200));
    expect(reasons).toEqual(['connect', 'expiring', 'expired']);
    expect(seenStates).toEqual(['connected', 'reconnecting', 'connected']);
  });

  it('that cannot be renewed close the client when they expire', async () => {
    const gateway = start({ authenticate });
    const client = gateway.connect({ token: 'good' });
    await gateway.settle();
    gateway.expireToken();
    await act(() => jest.advanceTimersByTimeAsync(200));
    expect(client).toMatchObject({ state: 'closed', reason: { code: 'TOKEN_EXPIRED' } });
  });

  it('that are invalid or revoked close the client', async () => {
    const gateway = start({ authenticate });
    const stranger = gateway.connect({ token: 'bad' });
    const client = gateway.connect({ token: () => 'good' });
    await gateway.settle();
    expect(stranger).toMatchObject({ state: 'closed', reason: { code: 'TOKEN_INVALID' } });
    gateway.revokeToken(client);
    expect(client).toMatchObject({ state: 'closed', reason: { code: 'TOKEN_REVOKED' } });
  });

  it('that allow less after a renewal end the subscriptions that they do not allow', async () => {
    const gateway = start({ authenticate });
    const client = gateway.connect({ token: () => 'good' });
    const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
    await gateway.settle();
    await handle.ready;
    gateway.reject('product:NIFTY', 'FORBIDDEN');
    jest.advanceTimersByTime(2_000);
    gateway.warnTokenExpiring();
    await gateway.settle();
    expect(handle.error).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('cannot expire if no client has one', async () => {
    const gateway = start();
    gateway.connect();
    await gateway.settle();
    expect(() => gateway.expireToken()).toThrow('authenticate');
  });
});

it('a notice reaches the clients that it is for', async () => {
  const gateway = start();
  const [client, other] = [gateway.connect(), gateway.connect()];
  await gateway.settle();
  const heard = listen(client, 'notice');
  gateway.notice('Prices are late.', { level: 'warning', link: 'https://status.example.com/', sent_at: 1 });
  gateway.notice('Prices are on time.', {}, client);
  gateway.notice('For another one.', {}, other);
  expect(heard).toEqual([
    [
      'notice',
      { level: 'warning', text: 'Prices are late.', link: 'https://status.example.com/', sent_at: 1 },
    ],
    ['notice', { level: 'info', text: 'Prices are on time.', sent_at: Date.now() / 1_000 }],
  ]);
});

it('a client that is handed over moves to the next replica, and the others stay', async () => {
  const gateway = start();
  const [client, other] = [gateway.connect(), gateway.connect()];
  await gateway.settle();
  const [seenStates, otherStates] = [states(client), states(other)];
  gateway.rebalance({ reconnectInMs: 6_000 }, client);
  await jest.advanceTimersByTimeAsync(3_000);
  await gateway.settle();
  expect([seenStates, otherStates, gateway.connections]).toEqual([['draining', 'connected'], [], 2]);
});

it('a client that cannot move before it is handed over is closed, and connects again later', async () => {
  const gateway = start();
  let tokens = 0;
  const client = gateway.connect({
    token: () => (++tokens === 1 ? 'mine' : new Promise<string>(() => undefined)),
  });
  await gateway.settle();
  const heard = listen(client, 'closing');
  gateway.rebalance({ reconnectInMs: 6_000 }, client);
  await jest.advanceTimersByTimeAsync(6_000);
  expect(heard).toMatchObject([['closing', { code: 'REBALANCING', reconnect: true }]]);
  expect([client.state, gateway.connections]).toEqual(['reconnecting', 0]);
});

it('a drained client moves to the next replica without a stale price', async () => {
  const gateway = start();
  const client = gateway.connect();
  const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
  gateway.publishPrice('NIFTY', 1);
  await gateway.settle();
  const heard = listen(client, 'server_draining', 'stale', 'closing');
  const seenStates = states(client);
  gateway.drain({ reconnectInMs: 6_000 });
  jest.advanceTimersByTime(2_999);
  await gateway.settle();
  expect(seenStates).toEqual(['draining']);
  jest.advanceTimersByTime(1);
  await gateway.settle();
  expect(seenStates).toEqual(['draining', 'connected']);
  jest.advanceTimersByTime(10_000);
  gateway.publishPrice('NIFTY', 2);
  expect(handle).toMatchObject({ stale: false, latest: { price: 2 } });
  expect(gateway.connections).toBe(1);
  expect(heard).toEqual([['server_draining', { reconnect_in_ms: 6_000 }]]);
});

it.each([
  ['TOO_SLOW', 'reconnecting'],
  ['RATE_LIMITED', 'closed'],
  ['DISCONNECTED', 'closed'],
  ['REBALANCING', 'reconnecting'],
] as const)('%s leaves the client %s', async (code, state) => {
  const gateway = start();
  const client = gateway.connect();
  await gateway.settle();
  const heard = listen(client, 'closing');
  gateway.end(code);
  expect(client.state).toBe(state);
  expect(heard).toMatchObject([['closing', { code }]]);
});

it('a client whose connection alone is cut connects again', async () => {
  const gateway = start();
  const [client, other] = [gateway.connect(), gateway.connect()];
  await gateway.settle();
  gateway.disconnect(client);
  expect([client.state, other.state]).toEqual(['reconnecting', 'connected']);
  jest.advanceTimersByTime(100);
  await gateway.settle();
  expect(client.state).toBe('connected');
});

it('history is kept of what the test publishes, and a client that resumes misses nothing', async () => {
  const gateway = start();
  const client = gateway.connect({ resume: true });
  const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
  await gateway.settle();
  const prices: number[] = [];
  handle.on('update', ({ price }) => prices.push(price));
  gateway.publishPrice('NIFTY', 1);
  gateway.disconnect();
  gateway.publishPrice('NIFTY', 2);
  gateway.publishPrice('NIFTY', 3);
  gateway.reconnect();
  jest.advanceTimersByTime(100);
  await gateway.settle();
  expect(prices).toEqual([1, 2, 3]);
  const { updates } = await handle.history({ limit: 2 });
  expect(updates?.map(([, price]) => price)).toEqual([2, 3]);
  const heard = listen(client, 'gap');
  gateway.disconnect(client);
  gateway.loseHistory();
  jest.advanceTimersByTime(100);
  await gateway.settle();
  expect(heard).toMatchObject([['gap', { product: 'NIFTY', room: 'product:NIFTY' }]]);
});

it('an opening is the first chain that the test publishes, until the gateway loses its history', async () => {
  const gateway = start();
  const client = gateway.connect();
  const opening = async (expiry?: string) => {
    const asked = client.history({ type: 'opening', symbol: 'NIFTY', ...(expiry && { expiry }) });
    await gateway.settle();
    const { updates, known } = await asked;
    return known ?? updates?.map(([, strike]) => strike);
  };
  expect(await opening()).toBe(false);
  const publish = (expiry: string, ...strikes: number[]) =>
    gateway.publishChain({
      product: 'NIFTY',
      expiry,
      strikes,
      calls: strikes.map((strike) => ({ strike, open_interest: 1 })),
    });
  // A chain without open interest is none.
  gateway.publishChain({ product: 'NIFTY', expiry: '2099-11-26', strikes: [50], calls: [{ strike: 50 }] });
  publish('2099-11-26', 100, 200);
  publish('2099-11-26', 300);
  publish('2099-12-31', 400);
  expect([await opening(), await opening('2099-12-31')]).toEqual([[100, 200], [400]]);
  gateway.loseHistory();
  expect(await opening()).toEqual([]);
  publish('2099-11-26', 500);
  expect(await opening()).toEqual([500]);
});

it('a rejected request fails until the gateway allows it again', async () => {
  const gateway = start();
  const client = gateway.connect();
  gateway.reject('get_products', 'INTERNAL_ERROR', { message: 'Out of order' });
  const asked = client.products();
  await gateway.settle();
  await expect(asked).rejects.toMatchObject({ code: 'INTERNAL_ERROR', message: 'Out of order' });
  gateway.allow('get_products');
  gateway.publishPrice('SENSEX', 1);
  expect(await client.products()).toEqual(['NIFTY', 'SENSEX']);
  expect(await client.subscriptions()).toEqual(['general']);
});

it('what an update listener publishes arrives after that update', async () => {
  const gateway = start();
  const client = gateway.connect();
  await gateway.settle();
  const prices: string[] = [];
  client.on('underlying_update', ({ price }) => {
    if (price === 1) gateway.publishPrice('NIFTY', 2);
    prices.push(`one ${price}`);
  });
  client.on('underlying_update', ({ price }) => prices.push(`two ${price}`));
  gateway.publishPrice('NIFTY', 1);
  expect(prices).toEqual(['one 1', 'two 1', 'one 2', 'two 2']);
});

it.each([
  ['a symbol', () => start().publishPrice('no symbol', 1), 'must be 1 to 32'],
  ['a price', () => start().publishPrice('A', Number.NaN), 'finite'],
  ['an expiry', () => start().publishChain({ product: 'A', expiry: '2026-02-30' }), 'must be a date'],
  ['a time', () => start().publishPrice('A', 1, { timestamp: 'noon' }), 'ISO 8601'],
  ['a price to repeat', () => start().markLive('A'), 'publishPrice'],
  ['a chain', () => start().markChainStale('A', EXPIRY), 'publishChain'],
])('a test that does not give it %s is told so', (_, call, message) => {
  expect(call).toThrow(message);
});

describe('views', () => {
  const leg = (strike: number, type: 'CALL' | 'PUT', last: number) =>
    ({
      symbol: `NIFTY${strike}${type[0]}`,
      product: 'NIFTY',
      strike,
      expiry: EXPIRY,
      option_type: type,
      last,
    }) as const;
  const strikes = Array.from({ length: 15 }, (_, n) => 100 + n);
  const calls = strikes.map((strike) => leg(strike, 'CALL', strike / 100));
  const publish = (gateway: FakeGateway, fields: object = {}) =>
    gateway.publishChain({ product: 'NIFTY', expiry: EXPIRY, calls, puts: [leg(105, 'PUT', 7)], ...fields });

  it('have the columns and strikes that the gateway grants, live and in the snapshot', async () => {
    const gateway = start();
    const client = gateway.connect();
    publish(gateway, { atm_strike: 105, spot_price: 114 });
    const request = {
      type: 'chain',
      symbol: 'NIFTY',
      view: { mode: 'ltp', strikes: 7, max_rate: 3 },
    } as const;
    const { updates } = await client.snapshot(request);
    const handle = client.subscribe(request);
    await handle.ready;
    expect(handle.rooms).toEqual(['chain:NIFTY@ltp.5.2hz']);
    expect(gateway.rooms(client)).toEqual(['chain:NIFTY@ltp.5.2hz', 'general']);
    expect(handle.latest).toEqual(updates[0]);
    expect(handle.latest).toMatchObject({
      view: { mode: 'ltp', strikes: 5 },
      atm_strike: 105,
      strikes: strikes.slice(0, 11),
      calls: { last: strikes.slice(0, 11).map((strike) => strike / 100) },
      puts: { last: [null, null, null, null, null, 7, null, null, null, null, null] },
    });
    publish(gateway, { spot_price: 114 });
    expect(handle.latest?.strikes).toEqual(strikes.slice(9));
    gateway.markChainStale('NIFTY', EXPIRY);
    expect(handle.stale).toBe(true);
    gateway.markChainLive('NIFTY', EXPIRY);
    expect(handle.stale).toBe(false);
  });

  it('are replaced in one request, and sent once for several rates', async () => {
    const gateway = start();
    const client = gateway.connect({ general: false });
    const heard = listen(client, 'chain_view', 'unsubscribed');
    const request = { type: 'chain', symbol: 'NIFTY', view: { mode: 'ltp' } } as const;
    const handle = client.subscribe(request);
    client.subscribe({ ...request, view: { mode: 'ltp', max_rate: 1 } });
    publish(gateway);
    await handle.ready;
    publish(gateway);
    expect(heard.filter(([event]) => event === 'chain_view')).toHaveLength(2);
    await handle.changeView({ mode: 'quote' });
    expect(handle.latest?.view).toEqual({ mode: 'quote' });
    const price = client.subscribe({ type: 'product', symbol: 'NIFTY', view: { max_rate: 1 } });
    await price.ready;
    await price.changeView({});
    gateway.publishPrice('NIFTY', 1);
    expect(price.latest?.price).toBe(1);
    expect(heard.at(-1)).toMatchObject(['unsubscribed', { room: 'product:NIFTY@1hz' }]);
    expect(gateway.requests.filter(({ event }) => event === 'subscribe').at(-1)?.payload).toEqual({
      type: 'product',
      symbol: 'NIFTY',
      replace: true,
    });
  });

  it('survive the move to another replica, and are refused with their room', async () => {
    const gateway = start();
    const client = gateway.connect({ general: false });
    const handle = client.subscribe({ type: 'chain', symbol: 'NIFTY', view: { mode: 'ltp' } });
    const changes = listen(client, 'stale');
    await handle.ready;
    publish(gateway);
    gateway.drain({ reconnectInMs: 100 });
    await gateway.settle();
    await jest.advanceTimersByTimeAsync(200);
    publish(gateway, { spot_price: 3 });
    expect([handle.latest?.spot_price, handle.stale, gateway.connections]).toEqual([3, false, 1]);
    expect(changes.filter(([, change]) => (change as { stale: boolean }).stale)).toEqual([]);
    gateway.reject('chain:NIFTY', 'FORBIDDEN');
    await expect(handle.changeView({ mode: 'full' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(handle.closed).toBe(false);
    gateway.reject('chain:NIFTY@quote', 'TOO_MANY_VIEWS', { retryAfterMs: 1_000 });
    await expect(handle.changeView({ mode: 'quote' })).rejects.toMatchObject({ code: 'TOO_MANY_VIEWS' });
  });
});

describe('portfolios', () => {
  const authenticate = (token: string | undefined) => (token === undefined ? null : { user_id: token });

  it('go to the clients of their user only', async () => {
    const gateway = start({ authenticate });
    const [ours, theirs] = ['7', '8'].map((token) =>
      gateway.connect({ token }).subscribe({ type: 'portfolio' }),
    );
    await gateway.settle();
    gateway.publishPortfolio('7', { cash: 1 });
    gateway.publishPortfolio(8, { cash: 2 });
    expect([ours!.latest, theirs!.latest]).toMatchObject([
      { user_id: '7', cash: 1 },
      { user_id: 8, cash: 2 },
    ]);
    gateway.publishPortfolio('7', { cash: 3, timestamp: '2020-01-01T00:00:00' });
    const later = gateway.connect({ token: '7' }).subscribe({ type: 'portfolio' });
    await gateway.settle();
    expect([ours!.latest, later.latest]).toMatchObject([{ cash: 1 }, { cash: 1 }]);
    expect(() => gateway.publishPortfolio('7', { timestamp: 'today' })).toThrow('timestamp');
  });

  it('are stale until there is one, and when the test says so', async () => {
    const gateway = start({ authenticate });
    const client = gateway.connect({ token: '7', general: false });
    const heard = listen(client, 'portfolio_status', 'feed_gap');
    const handle = client.subscribe({ type: 'portfolio' });
    await gateway.settle();
    expect([handle.stale, heard]).toMatchObject([true, [['portfolio_status', { last_update: null }]]]);
    gateway.publishPortfolio('7');
    expect(handle.stale).toBe(false);
    gateway.markPortfolioStale('7');
    expect(handle.stale).toBe(true);
    const again = gateway.connect({ token: '7' }).subscribe({ type: 'portfolio' });
    await again.ready;
    expect([again.stale, again.latest]).toEqual([true, handle.latest]);
    gateway.markPortfolioLive('7');
    expect([handle.stale, again.stale]).toEqual([false, false]);
    gateway.feedGap({ room: 'portfolio' });
    expect(heard.at(-1)).toMatchObject(['feed_gap', { room: 'portfolio' }]);
    expect(() => gateway.markPortfolioStale('8')).toThrow('publishPortfolio');
  });

  it('are forbidden to anonymous clients, and withdrawn with the token', async () => {
    const gateway = start({ authenticate });
    await expect(gateway.connect().subscribe({ type: 'portfolio' }).ready).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const client = gateway.connect({ token: () => '7' });
    const handle = client.subscribe({ type: 'portfolio' });
    await handle.ready;
    expect(gateway.rooms(client)).toEqual(['general', 'portfolio']);
    gateway.reject('portfolio', 'FORBIDDEN');
    gateway.warnTokenExpiring(60_000, client);
    await gateway.settle();
    expect(handle.error).toMatchObject({ code: 'FORBIDDEN' });
  });
});

it('answers a question about the latency', async () => {
  expect(await start().connect().latency()).toBeGreaterThanOrEqual(0);
});

it('these tests have sent every event of the contract, all of which were checked against it', () => {
  const rare = ['feed_statuses', 'feed_gap'];
  // The fake gateway sends no heartbeats and no latency probes, its market never closes, and it has
  // no replicas to report.
  const absent = ['heartbeat', 'latency_probe', 'latency_echo', 'market_status', 'admin_stats'];
  const all = [...Object.values(ServerEvent), ...Object.values(ClientEvent), ...rare];
  expect([...seen]).toEqual(expect.arrayContaining(all.filter((event) => !absent.includes(event))));
});
