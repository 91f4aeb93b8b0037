import { FakeGateway, refusal, settle } from '../../../test/clients/support/fake-gateway.js';
import { chainUpdate, underlying } from '../../../test/support/messages.js';

const priceOf = (n: number, product = 'NIFTY') => underlying(product, n);

it('subscribes to everything of one turn in one request, and once for all handles of a room', async () => {
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

it('stays within max_symbols_per_request and events_per_second', async () => {
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

it('restores every subscription after a lost connection, including changes made offline', async () => {
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

it('one rejected room affects no other subscription, and is not requested again', async () => {
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
  '%s: retries, but not before the announced time',
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
])('rejects %j without asking the gateway', async (request, code) => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  await expect(client.subscribe(request as never).ready).rejects.toMatchObject({ code });
  expect(gateway.last.asked('subscribe')).toEqual([]);
});

it('a room that the token no longer allows closes its handles', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const handle = client.subscribe({ type: 'product', symbol: 'A' });
  await handle.ready;
  const errors: unknown[] = [];
  handle.on('error', (error) => errors.push(error));
  gateway.last.say('unsubscribed', { room: 'product:A', message: '' });
  expect(errors).toMatchObject([{ code: 'FORBIDDEN' }]);
});

it('general: false leaves it on each connection, and hides earlier updates', async () => {
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

it('a new handle on a joined room receives the held updates; one closed in the same turn is never requested', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up({ general: false });
  const first = client.subscribe({ type: 'chain', symbol: 'NIFTY' });
  await first.ready;
  gateway.last.say('chain_update', chainUpdate('NIFTY', 1));
  // Like the StrictMode of React.
  first.unsubscribe();
  const second = client.subscribe({ type: 'chain', symbol: 'NIFTY' });
  await second.ready;
  expect(second.latest).toMatchObject({ spot_price: 1 });
  expect(client.held({ type: 'chain', symbol: 'NIFTY' })).toEqual([second.latest]);
  client.subscribe({ type: 'product', symbol: 'A' }).unsubscribe();
  await settle();
  expect(gateway.last.sent.map(({ event }) => event)).toEqual(['get_products', 'unsubscribe', 'subscribe']);
});

it('a snapshot reaches the handle that requested it, although general delivered the same update before', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const seen: number[] = [];
  client.on('underlying_update', ({ price }) => seen.push(price));
  gateway.last.say('underlying_update', priceOf(7));
  const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
  await handle.ready;
  gateway.last.say('underlying_update', priceOf(7));
  expect(handle.latest?.price).toBe(7);
  gateway.last.say('underlying_update', priceOf(6)); // from a replica that is behind
  expect(handle.latest?.price).toBe(7);
  expect(seen).toEqual([7]);
});

it('iterators conflate to the newest update of each chain, and end with their handle', async () => {
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

it('a listener that throws is reported, and does not affect the others', async () => {
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

it('chains of several products do not overwrite each other; those of one are keyed by expiry', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const several = client.subscribe({ type: 'chain', symbols: ['NIFTY', 'BANKNIFTY'] });
  const one = client.subscribe({ type: 'chain', symbol: 'NIFTY' });
  await settle();
  gateway.last.say('chain_update', chainUpdate('NIFTY', 1, '2026-12-03'));
  gateway.last.say('chain_update', chainUpdate('NIFTY', 2, '2026-11-26'));
  gateway.last.say('chain_update', chainUpdate('BANKNIFTY', 3, '2026-11-26'));
  const shown = ({ latestByExpiry }: typeof one) =>
    [...latestByExpiry].map(([key, { spot_price }]) => [key, spot_price]);
  expect(shown(several)).toEqual([
    ['BANKNIFTY:2026-11-26', 3],
    ['NIFTY:2026-11-26', 2],
    ['NIFTY:2026-12-03', 1],
  ]);
  expect(shown(one)).toEqual([
    ['2026-11-26', 2],
    ['2026-12-03', 1],
  ]);
});

it('updates has the newest update of each product and expiry, whether a loop reads them or not', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const handle = client.subscribe({ type: 'chain', symbols: ['NIFTY', 'BANKNIFTY'], expiry: undefined });
  await settle();
  expect(handle.updates).toEqual([]);
  gateway.last.say('chain_update', chainUpdate('NIFTY', 1, '2026-12-03'));
  gateway.last.say('chain_update', chainUpdate('NIFTY', 2, '2026-11-26'));
  gateway.last.say('chain_update', chainUpdate('BANKNIFTY', 3, '2026-11-26'));
  gateway.last.say('chain_update', chainUpdate('NIFTY', 4, '2026-12-03'));
  const before = handle.updates;
  expect(before.map(({ spot_price }) => spot_price)).toEqual([4, 2, 3]);
  const read: number[] = [];
  for await (const { spot_price } of handle) if (read.push(spot_price) === 3) break;
  expect(read).toEqual([4, 2, 3]);
  gateway.last.say('chain_update', chainUpdate('NIFTY', 5, '2026-12-03'));
  expect(handle.updates.map(({ spot_price }) => spot_price)).toEqual([5, 2, 3]);
  expect(before).toHaveLength(3);
  client.close();
});
