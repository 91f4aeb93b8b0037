import type { ChainView } from '../../../src/contract/index.js';
import { startMemoryGateway } from '../../support/memory-gateway.js';
import {
  chain,
  EXPIRY,
  numberOf,
  STRIKES,
  summary,
  timestampOf,
  underlying,
} from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { SseClient } from '../../support/sse-client.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { claims, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const NO_GENERAL = { auth: { general: 'off' } };
const LATER = '2026-12-03';

async function start(env: Readonly<Record<string, string>> = {}) {
  const { ports, url } = await startMemoryGateway(env);
  return {
    url,
    price: (product: string, n: number) =>
      ports.feed.publish(UNDERLYING, JSON.stringify(underlying(product, n))),
    chain: (product: string, n: number, expiry = EXPIRY) =>
      ports.feed.publish(OPTION_CHAIN, JSON.stringify(chain(product, n, expiry))),
    connect: (options: object = {}) =>
      TestClient.connect(url, { ...TRANSPORTS.websocket, ...NO_GENERAL, ...options }),
  };
}

/** The view of the `n`-th chain. Its legs all have the same numbers. */
function quotes(product: string, n: number, view: ChainView['view'] = { mode: 'quote', strikes: 5 }) {
  const { calls, puts, ...repeated } = chain(product, n);
  const columns = (...has: boolean[]) => {
    const of = (value: number) => has.map((one) => (one ? value : null));
    return {
      last: of(715.93),
      bid: of(708.16),
      ask: of(723.7),
      volume: of(5252),
      open_interest: of(20859),
    };
  };
  const [callColumns, putColumns] = [columns(true, true, false), columns(false, true, true)];
  expect([calls.length, puts.length]).toEqual([2, 2]);
  return { ...repeated, view, strikes: STRIKES, calls: callColumns, puts: putColumns };
}

describe.each(Object.entries(TRANSPORTS))('over %s', (_, transport) => {
  it('sends the snapshot of a view, and then its updates', async () => {
    const world = await start();
    world.chain('NIFTY', 1);
    const client = await world.connect(transport);
    const view = { mode: 'quote', strikes: 9 };
    const room = `chain:NIFTY:${EXPIRY}@quote.5`;
    const granted = { mode: 'quote', strikes: 5 };
    expect(await client.ask('subscribe', { type: 'chain', symbol: 'NIFTY', expiry: EXPIRY, view })).toEqual({
      ok: true,
      rooms: [room],
      view: granted,
    });
    world.chain('NIFTY', 2);
    await client.next('chain_view', 2);
    expect(client.received.filter(({ event }) => event === 'subscribed' || event === 'chain_view')).toEqual([
      { event: 'subscribed', payload: { room, message: `Subscribed to ${room}`, view: granted } },
      { event: 'chain_view', payload: quotes('NIFTY', 1) },
      { event: 'chain_view', payload: quotes('NIFTY', 2) },
    ]);
    expect(client.all('chain_update')).toEqual([]);
  });
});

it('sends a view as an event stream', async () => {
  const world = await start();
  world.chain('NIFTY', 1);
  const stream = await SseClient.open(world.url, 'rooms=chain:NIFTY@quote.5,product:NIFTY@1hz');
  expect((await stream.next('chain_view')).data).toEqual(quotes('NIFTY', 1));
  world.price('NIFTY', 2);
  expect((await stream.next('underlying_update')).data).toEqual(underlying('NIFTY', 2));
  await expect(SseClient.open(world.url, 'rooms=chain:NIFTY@quote.7')).rejects.toThrow('400');
});

it('gives a view the name of its room in lists and requests', async () => {
  const world = await start();
  const client = await world.connect();
  const request = { type: 'product', symbols: ['A', 'B'], view: { max_rate: 3 } };
  expect(await client.ask('subscribe', request)).toMatchObject({ view: { max_rate: 2 } });
  await client.ask('subscribe', { type: 'general', view: { max_rate: 1 } });
  await client.ask('subscribe', { type: 'chain', symbol: 'A', view: {} });
  await client.ask('subscribe', { type: 'product', symbol: 'C', view: {} });
  expect((await client.ask('list_subscriptions')).rooms).toEqual([
    'product:A@2hz',
    'product:B@2hz',
    'general@1hz',
    'chain:A@full',
    'product:C',
  ]);
  expect(await client.ask('unsubscribe', request)).toEqual({
    ok: true,
    rooms: ['product:A@2hz', 'product:B@2hz'],
  });
  expect((await client.ask('list_subscriptions')).rooms).toEqual([
    'general@1hz',
    'chain:A@full',
    'product:C',
  ]);
});

it.each([
  ['chain', 'quote'],
  ['chain', []],
  ['chain', { mode: 'deep' }],
  ['chain', { mode: 1 }],
  ['chain', { strikes: 0 }],
  ['chain', { strikes: 2.5 }],
  ['chain', { strikes: '10' }],
  ['chain', { max_rate: 0 }],
  ['chain', { max_rate: -1 }],
  ['chain', { max_rate: '2' }],
  ['chain', { max_rate: { $gt: 0 } }],
  ['product', { mode: 'quote' }],
  ['product', { strikes: 5 }],
  ['general', { mode: 'full' }],
])('refuses the view of type %s: %j', async (type, view) => {
  const world = await start();
  const client = await world.connect();
  client.contract.sendsInvalid = true;
  const refusal = await client.ask('subscribe', { type, symbol: 'A', view });
  expect(refusal).toMatchObject({ ok: false, error: { code: 'INVALID_VIEW', details: [{ field: 'view' }] } });
  expect((await client.ask('list_subscriptions')).rooms).toEqual([]);
});

it('changes a view in one request', async () => {
  const world = await start();
  world.chain('NIFTY', 1);
  const client = await world.connect();
  const room = { type: 'chain', symbol: 'NIFTY' };
  await client.ask('subscribe', room);
  await client.ask('subscribe', { ...room, expiry: EXPIRY, view: { mode: 'ltp' } });
  await client.ask('subscribe', { ...room, view: { mode: 'ltp' } });
  client.clear();
  await client.ask('subscribe', { ...room, view: { mode: 'quote', strikes: 5 }, replace: true });
  const rooms = client.received.map(({ event, payload }) => [event, (payload as { room?: string }).room]);
  expect(rooms).toEqual([
    ['unsubscribed', 'chain:NIFTY'],
    ['unsubscribed', 'chain:NIFTY@ltp'],
    ['subscribed', 'chain:NIFTY@quote.5'],
    ['chain_view', undefined],
  ]);
  await client.ask('subscribe', { ...room, replace: true });
  expect((await client.ask('list_subscriptions')).rooms).toEqual([
    `chain:NIFTY:${EXPIRY}@ltp`,
    'chain:NIFTY',
  ]);
});

it('counts a view that is replaced as left, when the client has as many rooms as it may', async () => {
  const world = await start({ MAX_SUBSCRIPTIONS: '1' });
  const client = await world.connect();
  const room = { type: 'chain', symbol: 'NIFTY' };
  await client.ask('subscribe', room);
  expect(await client.ask('subscribe', { ...room, view: { mode: 'ltp' } })).toMatchObject({ ok: false });
  const replacing = { ...room, view: { mode: 'ltp' }, replace: true };
  expect(await client.ask('subscribe', replacing)).toMatchObject({ ok: true });
});

it('sends the newest price when it is due, and each price once', async () => {
  const world = await start();
  world.price('A', 1);
  const [slow, both] = await Promise.all([world.connect(), world.connect()]);
  await slow.ask('subscribe', { type: 'product', symbol: 'A', view: { max_rate: 4 } });
  await both.ask('subscribe', { type: 'product', symbol: 'A', view: { max_rate: 4 } });
  await both.ask('subscribe', { type: 'general' });
  for (let n = 2; n <= 50; n++) world.price('A', n);
  await waitFor(
    () => slow.all('underlying_update').map(numberOf).includes(50),
    () => 'the last price has not arrived',
  );
  await slow.settled();
  expect(slow.all('underlying_update').map(numberOf)).toEqual([1, 2, 50]);
  expect(both.all('underlying_update').map(numberOf)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
});

it.each([undefined, { max_rate: 1 }])(
  'sends what a view of general waits for when it is replaced by another one: %j',
  async (view) => {
    const world = await start();
    const client = await world.connect();
    await client.ask('subscribe', { type: 'general', view: { max_rate: 0.2 } });
    for (const n of [1, 2]) world.price('A', n);
    await client.ask('subscribe', { type: 'general', view, replace: true });
    world.price('A', 3);
    await client.next('underlying_update', 3);
    expect(client.all('underlying_update').map(numberOf)).toEqual([1, 2, 3]);
  },
);

it('sends summaries to general at a lower rate, each product and expiry by itself', async () => {
  const world = await start();
  const client = await world.connect();
  await client.ask('subscribe', { type: 'general', view: { max_rate: 10 } });
  for (let n = 1; n <= 20; n++) for (const expiry of [EXPIRY, LATER]) world.chain('A', n, expiry);
  await client.next('chain_summary', 4);
  await client.settled();
  expect(client.all('chain_summary')).toEqual([
    summary('A', 1),
    summary('A', 1, LATER),
    summary('A', 20),
    summary('A', 20, LATER),
  ]);
  expect(client.all('chain_view')).toEqual([]);
});

it('sends the snapshot of a view on request, without joining', async () => {
  const world = await start();
  world.chain('NIFTY', 1);
  const client = await world.connect();
  const request = { type: 'chain', symbol: 'NIFTY', expiry: EXPIRY, view: { mode: 'quote', strikes: 5 } };
  const room = `chain:NIFTY:${EXPIRY}@quote.5`;
  expect(await client.ask('get_snapshot', request)).toEqual({
    ok: true,
    rooms: [room],
    snapshots: [{ room, updates: 1 }],
  });
  expect(client.all('chain_view')).toEqual([quotes('NIFTY', 1)]);
  expect((await client.ask('list_subscriptions')).rooms).toEqual([]);
});

it('resumes a view with its newest state', async () => {
  const world = await start();
  for (const n of [1, 2, 3]) world.chain('NIFTY', n);
  for (const n of [1, 2, 3]) world.price('NIFTY', n);
  const client = await world.connect();
  const since = timestampOf(1);
  await client.ask('subscribe', { type: 'chain', symbol: 'NIFTY', view: { mode: 'ltp' }, since });
  await client.ask('subscribe', { type: 'product', symbol: 'NIFTY', view: { max_rate: 1 }, since });
  const recovered = { recovered: true, replayed: 1, conflated: true };
  expect(client.all('subscribed')).toMatchObject([recovered, recovered]);
  expect(client.all('underlying_update').map(numberOf)).toEqual([3]);
});

it('tells the clients of a view when the chain or the price stops', async () => {
  const world = await start({ STALE_AFTER_MS: '300', CHAIN_STALE_AFTER_MS: '300', MARKET_HOURS: '' });
  world.chain('NIFTY', 1);
  world.price('NIFTY', 1);
  const client = await world.connect();
  await client.ask('subscribe', { type: 'chain', symbol: 'NIFTY', expiry: EXPIRY, view: { mode: 'ltp' } });
  await client.ask('subscribe', { type: 'product', symbol: 'NIFTY', view: { max_rate: 1 } });
  expect(await client.next('chain_status')).toMatchObject({ expiry: EXPIRY, status: 'stale' });
  expect(await client.next('feed_status')).toMatchObject({ product: 'NIFTY', status: 'stale' });
  // Both subscriptions may tell it, if it was stale by then.
  await client.settled();
  client.clear();
  world.chain('NIFTY', 2);
  world.price('NIFTY', 2);
  expect(await client.next('chain_status')).toMatchObject({ expiry: EXPIRY, status: 'live' });
  expect(await client.next('feed_status')).toMatchObject({ product: 'NIFTY', status: 'live' });
});

it('refuses a view when there are as many as there may be, but not one that exists', async () => {
  const world = await start({ MAX_VIEWS: '2' });
  const [one, other] = await Promise.all([world.connect(), world.connect()]);
  const ltp = (...symbols: string[]) => ({ type: 'chain', symbols, view: { mode: 'ltp' } });
  await one.ask('subscribe', ltp('A', 'B'));
  const refusal = await other.ask('subscribe', ltp('A', 'C'));
  expect(refusal).toMatchObject({ ok: false, error: { code: 'TOO_MANY_VIEWS', rooms: ['chain:C@ltp'] } });
  expect(refusal.error.retry_after_ms).toBeGreaterThan(0);
  expect(await other.ask('subscribe', ltp('A', 'B'))).toMatchObject({ ok: true });
  expect(await other.ask('subscribe', { type: 'chain', symbol: 'C' })).toMatchObject({ ok: true });
});

it('lets a client change its view when there are as many as there may be', async () => {
  const world = await start({ MAX_VIEWS: '1' });
  const client = await world.connect();
  const chain = { type: 'chain', symbol: 'A' };
  await client.ask('subscribe', { ...chain, view: { mode: 'ltp' } });
  const changed = { ...chain, view: { mode: 'quote' } };
  expect(await client.ask('subscribe', changed)).toMatchObject({ ok: false });
  expect(await client.ask('subscribe', { ...changed, replace: true })).toMatchObject({ ok: true });
});

it('charges a client that joins or leaves general for the updates that wait for views', async () => {
  const world = await start({ WORK_BURST: '100', WORK_PER_SECOND: '1' });
  const [slow, client] = await Promise.all([world.connect(), world.connect()]);
  await slow.ask('subscribe', { type: 'general', view: { max_rate: 0.2 } });
  for (const n of [1, 2]) for (let product = 0; product < 200; product++) world.price(`P${product}`, n);
  expect(await client.ask('subscribe', { type: 'general' })).toMatchObject({ ok: true });
  const refusal = await client.ask('unsubscribe', { type: 'general' });
  expect(refusal).toMatchObject({ ok: false, error: { code: 'RATE_LIMITED' } });
});

describe('a client whose token allows some rooms', () => {
  const user = () => ({ auth: { general: 'off', token: hs256(claims({ role: 'user' })) } });
  const settings = {
    AUTH_MODE: 'required',
    JWT_SECRET,
    SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
    ROLE_ROOMS: 'user=product:AAPL,chain:AAPL',
  };

  it('may have every view of these rooms, and no view of others', async () => {
    const world = await start(settings);
    const client = await world.connect(user());
    const view = { max_rate: 1 };
    expect(await client.ask('subscribe', { type: 'product', symbol: 'AAPL', view })).toMatchObject({
      ok: true,
    });
    const chain = { type: 'chain', symbol: 'AAPL', expiry: EXPIRY, view: { mode: 'ltp' } };
    expect(await client.ask('subscribe', chain)).toMatchObject({ ok: true });
    for (const request of [
      { type: 'product', symbol: 'NIFTY', view },
      { type: 'chain', symbol: 'NIFTY', view },
      { type: 'general', view },
    ]) {
      const refusal = await client.ask('subscribe', request);
      expect(refusal).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } });
    }
  });

  it('leaves the views that its new token does not allow', async () => {
    const world = await start({
      ...settings,
      ROLE_ROOMS: 'user=product:AAPL,chain:AAPL; guest=product:AAPL',
    });
    const client = await world.connect(user());
    await client.ask('subscribe', { type: 'product', symbol: 'AAPL', view: { max_rate: 1 } });
    await client.ask('subscribe', { type: 'chain', symbol: 'AAPL', view: {} });
    const answer = await client.ask('refresh_token', { token: hs256(claims({ role: 'guest' })) });
    expect(answer).toMatchObject({ ok: true, rooms: ['product:AAPL@1hz'] });
    expect(client.all('unsubscribed')).toMatchObject([{ room: 'chain:AAPL@full' }]);
  });
});
