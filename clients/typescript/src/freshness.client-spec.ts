import { FakeGateway, refusal, settle } from '../../../test/clients/support/fake-gateway.js';
import { chain, EXPIRY, underlying } from '../../../test/support/messages.js';

const status = (product: string, word: 'stale' | 'live') => ({
  product,
  status: word,
  last_update: null,
  age_ms: null,
});

async function subscribed(general: boolean) {
  const gateway = new FakeGateway();
  const client = await gateway.up({ general });
  const told: string[] = [];
  client.on('stale', ({ product, stale, reason }) => told.push(`${product} ${stale ? reason : 'live'}`));
  const handle = client.subscribe({ type: 'product', symbol: 'A' });
  return { gateway, client, told, handle };
}

it.each([true, false])(
  'general: %s; reports once each that a product is stale by feed, stale by connection, and live again',
  async (general) => {
    const { gateway, client, told, handle } = await subscribed(general);
    await handle.ready;
    expect(handle.stale).toBe(false);
    gateway.last.say('feed_status', status('A', 'stale'));
    expect([handle.stale, client.isStale('A')]).toEqual([true, true]);
    gateway.last.say('feed_status', status('A', 'live'));
    gateway.last.drop();
    expect(handle.stale).toBe(true);
    await gateway.pass(1_000);
    expect(handle.stale).toBe(true);
    gateway.last.connected();
    await settle();
    expect(handle.stale).toBe(false);
    expect(told.slice(-4)).toEqual(['A feed', 'A live', 'A connection', 'A live']);
  },
);

it('a batch of statuses has the same effect as its single statuses, on handles and listeners', async () => {
  const { gateway, client, told, handle } = await subscribed(true);
  await handle.ready;
  const heard: string[] = [];
  client.on('feed_statuses', ({ statuses }) => heard.push(`batch of ${statuses.length}`));
  client.on('feed_status', ({ product, status: word }) => heard.push(`${product} ${word}`));
  gateway.last.say('feed_statuses', { statuses: [status('A', 'stale'), status('B', 'stale')] });
  expect([handle.stale, client.isStale('A'), client.isStale('B'), client.isStale('C')]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(heard).toEqual(['batch of 2', 'A stale', 'B stale']);
  gateway.last.say('feed_status', status('A', 'live'));
  expect(handle.stale).toBe(false);
  expect(told.slice(-2)).toEqual(['A feed', 'A live']);
});

it('a client that is closed by a listener during a batch reports no more of it', async () => {
  const { gateway, client, handle } = await subscribed(true);
  await handle.ready;
  const heard: string[] = [];
  client.on('feed_status', ({ product }) => {
    heard.push(product);
    client.close();
  });
  gateway.last.say('feed_statuses', { statuses: [status('A', 'stale'), status('B', 'stale')] });
  expect(heard).toEqual(['A']);
});

it('the batch after joining general again replaces the stale products without a live moment', async () => {
  const { gateway, client, told, handle } = await subscribed(true);
  await handle.ready;
  gateway.last.say('feed_statuses', { statuses: [status('A', 'stale')] });
  gateway.last.drop();
  told.length = 0;
  await gateway.pass(1_000);
  gateway.answers = false;
  gateway.last.connected();
  gateway.last.say('feed_statuses', { statuses: [status('A', 'stale')] });
  for (const { event, ack } of gateway.last.sent) {
    ack({ ok: true, rooms: ['general'], ...(event === 'get_products' ? { products: ['A'] } : {}) });
  }
  expect(client.isStale('A')).toBe(true);
  expect(told).toEqual([]);
});

it('a product that is still stale after a reconnection does not become live in between', async () => {
  const { gateway, client, told, handle } = await subscribed(false);
  await handle.ready;
  gateway.last.say('feed_status', status('A', 'stale'));
  gateway.last.drop();
  told.length = 0;
  await gateway.pass(1_000);
  gateway.answers = false;
  gateway.last.connected({}, []);
  await settle();
  // The events with which the gateway answers a subscription, in order.
  gateway.last.say('subscribed', { room: 'product:A', message: '' });
  gateway.last.say('feed_status', status('A', 'stale'));
  gateway.last.sent.at(-1)!.ack({ ok: true, rooms: ['product:A'] });
  expect(client.isStale('A')).toBe(true);
  expect(told).toEqual([]);
});

it('a stale status is dropped if the gateway does not repeat it when its room is joined', async () => {
  const { gateway, client, handle } = await subscribed(true);
  await handle.ready;
  gateway.last.say('feed_status', status('A', 'stale'));
  await client.subscribe({ type: 'chain', symbol: 'A' }).ready;
  expect(client.isStale('A')).toBe(false);
});

it('a product without a room of the client counts as stale, because its state is unknown', async () => {
  const { client, handle } = await subscribed(false);
  await handle.ready;
  expect([client.isStale('A'), client.isStale('B')]).toEqual([false, true]);
});

it('a chain whose room is not joined yet is stale, although general reports its product as live', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const chains = client.subscribe({ type: 'chain', symbol: 'A' });
  const told: string[] = [];
  chains.on('stale', ({ stale, reason }) => told.push(stale ? `${reason}` : 'live'));
  await chains.ready;
  gateway.last.drop();
  gateway.refuses = (_, event) => (event === 'subscribe' ? refusal('RATE_LIMITED', 3_000) : undefined);
  await gateway.pass(1_000);
  gateway.last.connected();
  await settle();
  expect([client.isStale('A'), chains.stale, client.isStale({ type: 'chain', symbol: 'A' })]).toEqual([
    false,
    true,
    true,
  ]);
  gateway.refuses = () => undefined;
  await gateway.pass(4_000);
  expect(chains.stale).toBe(false);
  expect(told).toEqual(['live', 'connection', 'live']);
});

it('a rejected, withdrawn or unsubscribed product is stale, whatever else is live', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  const [chains, left] = [client, client].map((one) => one.subscribe({ type: 'chain', symbol: 'A' }));
  await Promise.all([chains!.ready, left!.ready]);
  expect([chains!.stale, left!.stale]).toEqual([false, false]);
  left!.unsubscribe();
  gateway.last.say('unsubscribed', { room: 'chain:A', message: '' });
  expect([chains!.stale, left!.stale, client.isStale('A')]).toEqual([true, true, false]);
});

it('a client that loses general is told that all other products are stale', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  gateway.last.say('underlying_update', underlying('A', 1));
  const told: unknown[] = [];
  client.on('stale', ({ product, reason }) => told.push([product, reason]));
  gateway.last.say('unsubscribed', { room: 'general', message: '' });
  expect(client.isStale('A')).toBe(true);
  expect(told).toEqual([['A', 'connection']]);
});

it('nothing is live before the gateway has sent what is stale', async () => {
  const gateway = new FakeGateway();
  const client = gateway.connect();
  gateway.answers = false;
  await settle();
  gateway.last.connected();
  gateway.last.say('underlying_update', underlying('A', 1));
  const seen = new Set<boolean>();
  for (let second = 0; second < 30; second++) {
    seen.add(client.isStale('A'));
    await gateway.pass(1_000);
  }
  expect([...seen]).toEqual([true]);
  expect(gateway.sockets.length).toBeGreaterThan(1);
});

const NEVER = { status: 'stale', last_update: null, age_ms: null } as const;

it('a stopped chain is stale until it is live again, but its product and its other chains are not', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up({ general: false });
  const other = '2026-12-03';
  const [price, one, all, rest] = [
    client.subscribe({ type: 'product', symbol: 'A' }),
    client.subscribe({ type: 'chain', symbol: 'A', expiry: EXPIRY }),
    client.subscribe({ type: 'chain', symbol: 'A' }),
    client.subscribe({ type: 'chain', symbol: 'A', expiry: other }),
  ];
  const told: unknown[] = [];
  one.on('stale', ({ stale, reason, chain: status }) => told.push([stale, reason, status?.expiry]));
  await Promise.all([price, one, all, rest].map(({ ready }) => ready));
  told.length = 0;
  const status = { product: 'A', expiry: EXPIRY, last_update: '2026-11-22T04:43:39.412Z', age_ms: 60_000 };
  gateway.last.say('chain_status', { ...status, status: 'stale' });
  expect([price, one, all, rest].map(({ stale }) => stale)).toEqual([false, true, true, false]);
  expect(client.isStale('A')).toBe(false);
  gateway.last.say('chain_status', { ...status, status: 'live' });
  expect([price, one, all, rest].some(({ stale }) => stale)).toBe(false);
  expect(told).toEqual([
    [true, 'feed', EXPIRY],
    [false, undefined, undefined],
  ]);
});

it('a past expiry does not keep the subscription to all chains stale', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up({ general: false });
  const all = client.subscribe({ type: 'chain', symbol: 'A' });
  await all.ready;
  gateway.last.say('chain_status', { product: 'A', expiry: '2026-11-20', ...NEVER });
  expect(all.stale).toBe(true);
  gateway.last.say('chain_update', { ...chain('A', 1), strikes: [] });
  expect(all.stale).toBe(false);
});

it.each([
  [{ type: 'product', symbol: 'NFTY' }, 'underlying_update', underlying('NFTY', 1)],
  [{ type: 'chain', symbol: 'NFTY', expiry: EXPIRY }, 'chain_update', { ...chain('NFTY', 1), strikes: [] }],
  [{ type: 'chain', symbol: 'NFTY' }, 'chain_update', { ...chain('NFTY', 1), strikes: [] }],
] as const)(
  '%j is stale until its first update if the gateway knows no data of it',
  async (request, event, update) => {
    const gateway = new FakeGateway();
    const client = await gateway.up({ general: false });
    gateway.answers = false;
    const handle = client.subscribe(request);
    const told: boolean[] = [];
    handle.on('stale', ({ stale }) => told.push(stale));
    await settle();
    const [room] = handle.rooms;
    gateway.last.say('subscribed', { room: room!, message: '', known: false });
    gateway.last.sent.at(-1)!.ack({ ok: true, rooms: [room!] });
    expect(handle.stale).toBe(true);
    if (request.type === 'chain')
      gateway.last.say('chain_status', { product: 'NFTY', expiry: null, ...NEVER });
    expect(handle.stale).toBe(true);
    gateway.last.say(event, update);
    expect(handle.stale).toBe(false);
    expect(told).toEqual([false]);
  },
);
