import { FakeGateway, refusal, settle } from '../../../test/clients/support/fake-gateway.js';
import { chainUpdate, underlying } from '../../../test/support/messages.js';

const priceOf = (n: number, product = 'NIFTY') => underlying(product, n);

it('asks for all of a turn in one request, and for a room once for all its handles', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const handles = ['A', 'B', 'A', 'C'].map((symbol) => client.subscribe({ type: 'product', symbol }));
  await Promise.all(handles.map(({ ready }) => ready));
  expect(gateway.last.asked('subscribe')).toEqual([{ type: 'product', symbols: ['A', 'B', 'C'] }]);
  handles[0]!.unsubscribe();
  await settle();
  expect(gateway.last.asked('unsubscribe')).toEqual([]);
  handles[2]!.unsubscribe();
  await settle();
  expect(gateway.last.asked('unsubscribe')).toEqual([{ type: 'product', symbol: 'A' }]);
});

it('keeps within max_symbols_per_request, and within events_per_second', async () => {
  const gateway = new FakeGateway();
  const client = gateway.connect();
  const symbols = Array.from({ length: 25 }, (_, n) => `S${n}`);
  const handle = client.subscribe({ type: 'product', symbols });
  await settle();
  gateway.last.connected({ max_symbols_per_request: 2, event_burst: 5, events_per_second: 5 });
  await settle();
  expect(gateway.last.asked('subscribe').length).toBeLessThanOrEqual(4);
  await gateway.pass(5_000);
  expect(gateway.last.asked('subscribe')).toHaveLength(13);
  await handle.ready;
});

it('subscribes to everything again after a lost connection; what went offline is forgotten, what came waits', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const [kept, gone] = ['KEPT', 'GONE'].map((symbol) => client.subscribe({ type: 'product', symbol }));
  await kept!.ready;
  gateway.last.drop();
  expect(client.state).toBe('reconnecting');
  gone!.unsubscribe();
  const late = client.subscribe({ type: 'chain', symbol: 'LATE', expiry: '2026-11-26' });
  await gateway.pass(1_000);
  expect(gateway.sockets).toHaveLength(2);
  gateway.last.connected();
  await late.ready;
  expect([...gateway.last.rooms]).toEqual(['general', 'product:KEPT', 'chain:LATE:2026-11-26']);
  expect(gateway.last.asked('unsubscribe')).toEqual([]);
});

it('one refused room costs no other its subscription, and is not asked for again', async () => {
  const gateway = new FakeGateway();
  gateway.refuses = (request) =>
    JSON.stringify(request).includes('"BAD"') ? refusal('FORBIDDEN') : undefined;
  const client = await gateway.up();
  const handles = ['A', 'B', 'BAD', 'C', 'D'].map((symbol) => client.subscribe({ type: 'product', symbol }));
  const results = await Promise.allSettled(handles.map(({ ready }) => ready));
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(handles[2]).toMatchObject({ closed: true, error: { name: 'SubscriptionError', code: 'FORBIDDEN' } });
  await expect(handles[2]![Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  gateway.last.drop();
  await gateway.pass(1_000);
  gateway.last.connected();
  await settle();
  expect(gateway.last.asked('subscribe')).toEqual([{ type: 'product', symbols: ['A', 'B', 'C', 'D'] }]);
});

it.each(['RATE_LIMITED', 'SLOW_CLIENT', 'INTERNAL_ERROR'] as const)(
  '%s: asks again, not before it is told to',
  async (code) => {
    const gateway = new FakeGateway();
    gateway.refuses = (_, event) => (event === 'subscribe' ? refusal(code, 3_000) : undefined);
    const client = await gateway.up();
    const handle = client.subscribe({ type: 'product', symbol: 'A' });
    await gateway.pass(2_900);
    expect(gateway.last.asked('subscribe')).toHaveLength(1);
    gateway.refuses = () => undefined;
    await gateway.pass(500);
    await handle.ready;
  },
);

it.each([
  [{ type: 'nonsense', symbol: 'A' }, 'INVALID_TYPE'],
  [undefined, 'INVALID_TYPE'],
  [{ type: 'product' }, 'INVALID_SYMBOL'],
  [{ type: 'product', symbol: 'A B' }, 'INVALID_SYMBOL'],
  [{ type: 'product', symbols: ['A', 5] }, 'INVALID_SYMBOL'],
  [{ type: 'chain', symbol: 'A', expiry: '2026-02-30' }, 'INVALID_EXPIRY'],
  [{ type: 'product', symbol: 'A', expiry: '2026-02-03' }, 'INVALID_EXPIRY'],
])('refuses %j by itself', async (request, code) => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  await expect(client.subscribe(request as never).ready).rejects.toMatchObject({ code });
  expect(gateway.last.asked('subscribe')).toEqual([]);
});

it('a room that the token no longer allows ends its handles', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const handle = client.subscribe({ type: 'product', symbol: 'A' });
  await handle.ready;
  const errors: unknown[] = [];
  handle.on('error', (error) => errors.push(error));
  gateway.last.say('unsubscribed', { room: 'product:A', message: '' });
  expect(errors).toMatchObject([{ code: 'FORBIDDEN' }]);
});

it('general: false leaves it on each connection, and hides what came before that', async () => {
  const gateway = new FakeGateway();
  const client = gateway.connect({ general: false });
  const seen: unknown[] = [];
  client.on('underlying_update', (update) => seen.push(update));
  for (let connection = 0; connection < 2; connection++) {
    await gateway.pass(1_000);
    gateway.last.connected();
    gateway.last.say('underlying_update', priceOf(1));
    await settle();
    expect(gateway.last.asked('unsubscribe')).toEqual([{ type: 'general' }]);
    gateway.last.drop();
  }
  expect(seen).toEqual([]);
});

it('a handle on a room that is joined already gets what is held; one taken and dropped in a turn is never asked for', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up({ general: false });
  const first = client.subscribe({ type: 'chain', symbol: 'NIFTY' });
  await first.ready;
  gateway.last.say('chain_update', chainUpdate('NIFTY', 1));
  // As React's StrictMode does.
  first.unsubscribe();
  const second = client.subscribe({ type: 'chain', symbol: 'NIFTY' });
  await second.ready;
  expect(second.latest).toMatchObject({ spot_price: 1 });
  expect(client.held({ type: 'chain', symbol: 'NIFTY' })).toEqual([second.latest]);
  client.subscribe({ type: 'product', symbol: 'A' }).unsubscribe();
  await settle();
  expect(gateway.last.sent.map(({ event }) => event)).toEqual(['get_products', 'unsubscribe', 'subscribe']);
});

it('a snapshot reaches the handle that asked, though general has brought the same update before', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const seen: number[] = [];
  client.on('underlying_update', ({ price }) => seen.push(price));
  gateway.last.say('underlying_update', priceOf(7));
  const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
  await handle.ready;
  gateway.last.say('underlying_update', priceOf(7));
  expect(handle.latest?.price).toBe(7);
  gateway.last.say('underlying_update', priceOf(6)); // a replica that is behind
  expect(handle.latest?.price).toBe(7);
  expect(seen).toEqual([7]);
});

it('iterators conflate to the newest of each chain, and end when the handle does', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const handle = client.subscribe({ type: 'chain', symbol: 'NIFTY' });
  await handle.ready;
  const iterator = handle[Symbol.asyncIterator]();
  for (let n = 1; n <= 1_000; n++) {
    for (const expiry of ['2026-11-26', '2026-12-03'])
      gateway.last.say('chain_update', chainUpdate('NIFTY', n, expiry));
  }
  const two = [await iterator.next(), await iterator.next()];
  expect(two.map(({ value }) => [value?.expiry, value?.spot_price])).toEqual([
    ['2026-11-26', 1_000],
    ['2026-12-03', 1_000],
  ]);
  const waiting = iterator.next();
  handle.unsubscribe();
  expect(await waiting).toEqual({ done: true, value: undefined });
});

it('a listener that throws is reported, and costs the others nothing', async () => {
  const gateway = new FakeGateway();
  const reported: unknown[] = [];
  const client = await gateway.up({ onListenerError: (error) => reported.push(error) });
  const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
  await handle.ready;
  const bug = new Error('bug');
  const seen: number[] = [];
  handle.on('update', () => {
    throw bug;
  });
  const off = handle.on('update', ({ price }) => seen.push(price));
  gateway.last.say('underlying_update', priceOf(1));
  off();
  gateway.last.say('underlying_update', priceOf(2));
  expect(reported).toEqual([bug, bug]);
  expect(seen).toEqual([1]);
});
