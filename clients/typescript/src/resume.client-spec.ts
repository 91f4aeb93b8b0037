import { FakeGateway, refusal, settle } from '../../../test/clients/support/fake-gateway.js';
import { chainUpdate, timestampOf, underlying } from '../../../test/support/messages.js';
import type { ClientOptions, SocketClient } from './index.js';

let gateway: FakeGateway;
let client: SocketClient;

async function connected(options: ClientOptions = {}, rooms: readonly string[] = []): Promise<void> {
  gateway = new FakeGateway();
  client = gateway.connect({ resume: true, ...options });
  await settle();
  gateway.last.connected({}, rooms);
  await settle();
}

/** Loses the connection, and opens the next one. */
async function reconnect(rooms: readonly string[] = []): Promise<void> {
  gateway.last.drop();
  await gateway.pass(1_000);
  gateway.last.connected({}, rooms);
  await settle();
}

const isHeartbeat = (request: unknown) => (request as { type: string }).type === 'heartbeat';
const subscribed = () => gateway.last.asked('subscribe').filter((request) => !isHeartbeat(request));

it('asks for what it missed since the newest price, of several products with one object', async () => {
  await connected({ general: false });
  const handle = client.subscribe({ type: 'product', symbols: ['A', 'B', 'NONE'] });
  await handle.ready;
  expect(subscribed()).toEqual([{ type: 'product', symbols: ['A', 'B', 'NONE'] }]);
  gateway.last.say('underlying_update', underlying('A', 1));
  gateway.last.say('underlying_update', underlying('B', 5));
  gateway.last.say('underlying_update', underlying('A', 2));
  await reconnect();
  expect(subscribed()).toEqual([
    {
      type: 'product',
      symbols: ['A', 'B', 'NONE'],
      since: { A: timestampOf(2), B: timestampOf(5) },
    },
  ]);
});

it('keeps out of general until the other rooms are joined, and then joins it', async () => {
  await connected();
  expect(gateway.last.auth).toMatchObject({ general: 'off' });
  expect(subscribed()).toEqual([{ type: 'general' }]);
  const handle = client.subscribe({ type: 'product', symbol: 'A' });
  await handle.ready;
  gateway.last.say('underlying_update', underlying('A', 1));
  await reconnect();
  expect(subscribed()).toEqual([
    { type: 'product', symbol: 'A', since: { A: timestampOf(1) } },
    { type: 'general' },
  ]);
});

it('joins general last, even if an application subscribed to it first', async () => {
  await connected({ general: false });
  const everything = client.subscribe({ type: 'general' });
  const handle = client.subscribe({ type: 'product', symbol: 'A' });
  await Promise.all([everything.ready, handle.ready]);
  await reconnect();
  expect(subscribed()).toEqual([{ type: 'product', symbol: 'A' }, { type: 'general' }]);
});

it('without the option, it asks for nothing and joins general as ever', async () => {
  await connected({ resume: false }, ['general']);
  expect(gateway.last.auth).not.toHaveProperty('general');
  const handle = client.subscribe({ type: 'product', symbol: 'A' });
  await handle.ready;
  gateway.last.say('underlying_update', underlying('A', 1));
  await reconnect(['general']);
  expect(subscribed()).toEqual([{ type: 'product', symbol: 'A' }]);
});

it('a client that may not join general asks for it once on each connection', async () => {
  await connected();
  gateway.refuses = ({ type }) => (type === 'general' ? refusal('FORBIDDEN') : undefined);
  await reconnect();
  client.subscribe({ type: 'product', symbol: 'A' });
  await gateway.pass(5_000);
  expect(subscribed()).toEqual([{ type: 'general' }, { type: 'product', symbol: 'A' }]);
});

it('delivers the replay in order, without what it has already', async () => {
  await connected({ general: false });
  const handle = client.subscribe({ type: 'product', symbol: 'A' });
  await handle.ready;
  const seen: number[] = [];
  const gaps: unknown[] = [];
  handle.on('update', ({ price }) => seen.push(price));
  client.on('gap', (gap) => gaps.push(gap));
  gateway.last.say('underlying_update', underlying('A', 1));
  gateway.last.drop();
  await gateway.pass(1_000);
  gateway.answers = false; // the test does
  gateway.last.connected({}, []);
  await settle();
  gateway.last.say('subscribed', { room: 'product:A', message: '', recovered: true, replayed: 3 });
  for (const n of [1, 2, 3]) gateway.last.say('underlying_update', underlying('A', n));
  expect(seen).toEqual([1, 2, 3]);
  expect(gaps).toEqual([]);
});

it.each([
  ['says that it may', { recovered: false }],
  ['does not know `since`', {}],
])('reports a gap to the client and the handle if the gateway %s', async (_, recovery) => {
  await connected({ general: false });
  const handles = ['A', 'B'].map((symbol) => client.subscribe({ type: 'product', symbol }));
  await Promise.all(handles.map(({ ready }) => ready));
  for (const product of ['A', 'B']) gateway.last.say('underlying_update', underlying(product, 1));
  const heard: unknown[] = [];
  client.on('gap', (gap) => heard.push(['client', gap]));
  for (const handle of handles) handle.on('gap', (gap) => heard.push([handle.rooms[0], gap]));
  for (const handle of handles) handle.on('update', ({ price }) => heard.push(price));
  gateway.last.drop();
  await gateway.pass(1_000);
  gateway.answers = false; // the test does
  gateway.last.connected({}, []);
  await settle();
  gateway.last.say('subscribed', { room: 'product:A', message: '', ...recovery });
  gateway.last.say('underlying_update', underlying('A', 9));
  gateway.last.say('subscribed', { room: 'product:B', message: '', recovered: true, replayed: 0 });
  const gap = { product: 'A', room: 'product:A', since: timestampOf(1) };
  expect(heard).toEqual([['product:A', gap], ['client', gap], 9]);
});

it('a subscription that was added offline has the held price, although no snapshot comes', async () => {
  await connected({ general: false });
  const first = client.subscribe({ type: 'product', symbol: 'A' });
  await first.ready;
  gateway.last.say('underlying_update', underlying('A', 1));
  gateway.last.drop();
  const late = client.subscribe({ type: 'product', symbol: 'A' });
  await gateway.pass(1_000);
  gateway.answers = false; // the test does
  gateway.last.connected({}, []);
  await settle();
  expect(late.latest).toBeUndefined();
  gateway.last.say('subscribed', { room: 'product:A', message: '', recovered: true, replayed: 0 });
  expect(late.latest).toMatchObject({ price: 1 });
});

it('a room that is left and joined again is not resumed, and neither are chains', async () => {
  await connected({ general: false });
  const chain = client.subscribe({ type: 'chain', symbol: 'A' });
  const first = client.subscribe({ type: 'product', symbol: 'A' });
  await Promise.all([first.ready, chain.ready]);
  gateway.last.say('underlying_update', underlying('A', 1));
  gateway.last.say('chain_update', chainUpdate('A', 1));
  first.unsubscribe();
  await settle();
  await client.subscribe({ type: 'product', symbol: 'A' }).ready;
  expect(subscribed()).toHaveLength(3);
  expect(JSON.stringify(subscribed())).not.toContain('since');
  await reconnect();
  expect(subscribed()).toEqual([
    { type: 'chain', symbol: 'A' },
    { type: 'product', symbol: 'A' },
  ]);
});

it('a request that is repeated asks from the newest price again', async () => {
  await connected({ general: false });
  const handle = client.subscribe({ type: 'product', symbol: 'A' });
  await handle.ready;
  gateway.last.say('underlying_update', underlying('A', 1));
  gateway.refuses = (_, event) => (event === 'subscribe' ? refusal('RATE_LIMITED', 1_000) : undefined);
  await reconnect();
  gateway.refuses = () => undefined;
  await gateway.pass(2_000);
  const request = { type: 'product', symbol: 'A', since: { A: timestampOf(1) } };
  expect(subscribed()).toEqual([request, request]);
});

it('while it moves to another replica, it keeps every price of the next connection', async () => {
  await connected({ general: false });
  const handle = client.subscribe({ type: 'product', symbol: 'A' });
  await handle.ready;
  const seen: number[] = [];
  handle.on('update', ({ price }) => seen.push(price));
  gateway.last.say('underlying_update', underlying('A', 1));
  gateway.last.say('server_draining', { reconnect_in_ms: 0 });
  await gateway.pass(100);
  gateway.answers = false; // the test does
  gateway.last.connected({}, []);
  await settle();
  const [before, next] = gateway.sockets;
  expect(subscribed()).toEqual([{ type: 'product', symbol: 'A', since: { A: timestampOf(1) } }]);
  next!.say('subscribed', { room: 'product:A', message: '', recovered: true, replayed: 0 });
  for (const n of [2, 3, 4]) next!.say('underlying_update', underlying('A', n));
  before!.say('underlying_update', underlying('A', 2));
  expect(seen).toEqual([1, 2]);
  next!.sent
    .find(({ event, payload }) => event === 'subscribe' && !isHeartbeat(payload))!
    .ack({
      ok: true,
      rooms: ['product:A'],
    });
  await settle();
  expect(seen).toEqual([1, 2, 3, 4]);
});
