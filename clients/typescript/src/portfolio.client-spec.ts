import { FakeGateway, refusal, settle } from '../../../test/clients/support/fake-gateway.js';
import type { PortfolioUpdate } from './contract/index.js';
import type { ClientOptions } from './index.js';

interface Positions extends PortfolioUpdate {
  readonly n: number;
}

const of = (user: string) => ({ user_id: user, role: 'user', expires_at: 2_000_000_000 });
const portfolio = (n: number, user = '42') => ({
  user_id: user,
  timestamp: new Date(1_790_000_000_000 + n).toISOString(),
  n,
});
const status = (word: 'stale' | 'live') => ({ status: word, last_update: null, age_ms: null });

let gateway: FakeGateway;
beforeEach(() => {
  gateway = new FakeGateway();
});

const connected = async (user: string | null = '42') => {
  await gateway.pass(1_000);
  gateway.last.connected({}, ['general'], user === null ? null : of(user));
  await settle();
};

async function up(options: ClientOptions = {}) {
  const client = gateway.connect(options);
  await connected();
  const handle = client.subscribe<Positions>({ type: 'portfolio' });
  const updates: number[] = [];
  handle.on('update', ({ n }) => updates.push(n));
  await handle.ready;
  return { client, handle, updates };
}

it('subscribes to the portfolio once for all handles, and leaves the room with the last one', async () => {
  const { client, handle } = await up();
  const other = client.subscribe({ type: 'portfolio' });
  await other.ready;
  expect(gateway.last.asked('subscribe')).toEqual([{ type: 'portfolio' }]);
  expect(handle.rooms).toEqual(['portfolio']);
  handle.unsubscribe();
  await settle();
  expect(gateway.last.asked('unsubscribe')).toEqual([]);
  other.unsubscribe();
  await settle();
  expect(gateway.last.asked('unsubscribe')).toEqual([{ type: 'portfolio' }]);
});

it('subscribes again after a lost connection, and never delivers an older portfolio after a newer one', async () => {
  const { client, handle, updates } = await up();
  const reported: unknown[] = [];
  client.on('portfolio_update', (update) => reported.push(update));
  gateway.last.say('portfolio_update', portfolio(2));
  gateway.last.say('portfolio_update', portfolio(1));
  gateway.last.drop();
  await connected();
  expect([...gateway.last.rooms]).toEqual(['general', 'portfolio']);
  gateway.last.say('portfolio_update', portfolio(1)); // from a replica that is behind
  gateway.last.say('portfolio_update', portfolio(2));
  gateway.last.say('portfolio_update', portfolio(3));
  expect(updates).toEqual([2, 3]);
  expect(reported).toEqual([portfolio(2), portfolio(3)]);
  expect(handle.latest).toEqual(portfolio(3));
  expect(client.held({ type: 'portfolio' })).toEqual([portfolio(3)]);
});

it('is stale while the gateway says so, and while it is not subscribed', async () => {
  const client = gateway.connect();
  const handle = client.subscribe({ type: 'portfolio' });
  const changes: unknown[] = [];
  handle.on('stale', ({ stale, reason }) => changes.push([stale, reason]));
  handle.on('reset', () => changes.push('reset'));
  expect(handle.stale).toBe(true);
  await connected();
  gateway.last.say('portfolio_update', portfolio(1));
  expect([handle.stale, client.isStale({ type: 'portfolio' })]).toEqual([false, false]);
  gateway.last.say('portfolio_status', status('stale'));
  gateway.last.say('portfolio_status', status('live'));
  gateway.last.drop();
  expect([handle.stale, client.isStale({ type: 'portfolio' })]).toEqual([true, true]);
  await connected();
  gateway.last.say('portfolio_update', portfolio(1));
  expect(changes).toEqual([
    [false, undefined],
    [true, 'feed'],
    [false, undefined],
    [true, 'connection'],
    [false, undefined],
  ]);
  handle.unsubscribe();
  expect(handle.stale).toBe(true);
});

it.each([
  ['the portfolio', 'portfolio_update', portfolio(1), { stale: false }],
  ['its status', 'portfolio_status', status('stale'), { stale: true, reason: 'feed' }],
])('is stale after each connection until %s arrives', async (_, event, payload, then) => {
  const { client, handle } = await up();
  gateway.last.say('portfolio_update', portfolio(1));
  expect(handle.stale).toBe(false);
  gateway.last.drop();
  await connected();
  expect(gateway.last.rooms).toContain('portfolio');
  const changes: unknown[] = [];
  handle.on('stale', (change) => changes.push(change));
  expect([handle.stale, client.isStale({ type: 'portfolio' })]).toEqual([true, true]);
  gateway.last.say(event, payload);
  expect(client.isStale({ type: 'portfolio' })).toBe(then.stale);
  expect(handle.stale).toBe(then.stale);
  expect(changes).toEqual(then.stale ? [] : [then]);
});

it('a later subscription does not take over the status of an earlier one', async () => {
  const { client, handle } = await up();
  gateway.last.say('portfolio_status', status('stale'));
  handle.unsubscribe();
  await settle();
  const later = client.subscribe({ type: 'portfolio' });
  await later.ready;
  gateway.last.say('portfolio_update', portfolio(1));
  expect(later.stale).toBe(false);
});

it('a subscription to the portfolio changes nothing about the staleness of products', async () => {
  const { client, handle } = await up();
  gateway.last.say('feed_status', { product: 'A', status: 'stale', last_update: null, age_ms: null });
  expect(client.isStale('A')).toBe(true);
  handle.unsubscribe();
  await settle();
  await client.subscribe({ type: 'portfolio' }).ready;
  expect(client.isStale('A')).toBe(true);
});

it('forgets the portfolio of the former user when the token is of another one', async () => {
  const { client, handle, updates } = await up();
  let resets = 0;
  handle.on('reset', () => (resets += 1));
  const iterator = handle[Symbol.asyncIterator]();
  gateway.last.say('portfolio_update', portfolio(9));
  gateway.last.drop();
  await connected('7');
  expect(resets).toBe(1);
  expect(handle.latest).toBeUndefined();
  expect(client.held({ type: 'portfolio' })).toEqual([]);
  const next = iterator.next();
  gateway.last.say('portfolio_update', portfolio(1, '7')); // older than that of the former user
  expect(updates).toEqual([9, 1]);
  await expect(next).resolves.toMatchObject({ value: { user_id: '7' } });
  gateway.last.drop();
  await connected('7');
  expect(resets).toBe(1);
  expect(handle.latest).toMatchObject({ user_id: '7' });
});

it('ends with FORBIDDEN for an anonymous client, which keeps no portfolio', async () => {
  const { client, handle } = await up();
  const events: unknown[] = [];
  handle.on('reset', () => events.push('reset'));
  handle.on('error', ({ code }) => events.push(code));
  gateway.last.say('portfolio_update', portfolio(1));
  gateway.last.drop();
  gateway.refuses = ({ type }, event) =>
    type === 'portfolio' && event === 'subscribe' ? refusal('FORBIDDEN') : undefined;
  await connected(null);
  expect(events).toEqual(['reset', 'FORBIDDEN']);
  expect(handle).toMatchObject({ closed: true, stale: true, error: { name: 'SubscriptionError' } });
  expect(handle.latest).toBeUndefined();
  await expect(client.subscribe({ type: 'portfolio' }).ready).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

it.each(['the new token is of another user', 'the new token does not allow it'])(
  'when it is withdrawn because %s, the subscription forgets the portfolio and ends',
  async (reason) => {
    const { client, handle } = await up();
    const events: unknown[] = [];
    handle.on('reset', () => events.push(['reset', handle.latest]));
    handle.on('error', ({ message }) => events.push([message, client.held({ type: 'portfolio' })]));
    gateway.last.say('portfolio_update', portfolio(1));
    const iterator = handle[Symbol.asyncIterator]();
    const message = `Unsubscribed from portfolio: ${reason}`;
    gateway.last.say('unsubscribed', { room: 'portfolio', message });
    expect(events).toEqual([
      ['reset', undefined],
      [message, []],
    ]);
    expect(handle).toMatchObject({ closed: true, stale: true, error: { code: 'FORBIDDEN', message } });
    expect(handle.latest).toBeUndefined();
    await expect(iterator.next()).rejects.toMatchObject({ message });
    await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
    await expect(handle[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  },
);

it('a subscription after it was withdrawn gets only what the gateway sends from then on', async () => {
  const { client, handle } = await up();
  gateway.last.say('portfolio_update', portfolio(9));
  const seen: unknown[] = [];
  let again: ReturnType<typeof client.subscribe<Positions>> | undefined;
  handle.on('error', () => {
    again = client.subscribe<Positions>({ type: 'portfolio' });
    again.on('update', (update) => seen.push(update));
  });
  gateway.last.say('unsubscribed', { room: 'portfolio', message: 'Unsubscribed from portfolio: no' });
  gateway.last.drop();
  await connected('7');
  expect([again!.latest, again!.stale, client.held({ type: 'portfolio' })]).toEqual([undefined, true, []]);
  gateway.last.say('portfolio_update', portfolio(1, '7')); // older than that of the former user
  expect(seen).toEqual([portfolio(1, '7')]);
  expect(again!.stale).toBe(false);
});

it('forgets the portfolio when the gateway refuses the room after a reconnection', async () => {
  const { handle } = await up();
  const events: unknown[] = [];
  handle.on('reset', () => events.push('reset'));
  handle.on('error', ({ code }) => events.push(code));
  gateway.last.say('portfolio_update', portfolio(1));
  gateway.last.drop();
  gateway.refuses = ({ type }, event) =>
    type === 'portfolio' && event === 'subscribe' ? refusal('FORBIDDEN') : undefined;
  await connected();
  expect(events).toEqual(['reset', 'FORBIDDEN']);
  expect(handle.latest).toBeUndefined();
});

it('forgets the portfolio when the gateway closes the connection for good', async () => {
  const { client, handle } = await up();
  gateway.last.say('portfolio_update', portfolio(1));
  gateway.last.say('closing', { code: 'TOKEN_REVOKED', message: '', reconnect: false });
  gateway.last.drop('io server disconnect');
  expect(client.state).toBe('closed');
  expect([handle.error?.code, handle.latest]).toEqual(['CLOSED', undefined]);
});

it('tells a subscription that was added offline that the portfolio of the former user is not its own', async () => {
  const { client } = await up();
  gateway.last.say('portfolio_update', portfolio(1));
  gateway.last.drop();
  const later = client.subscribe({ type: 'portfolio' });
  let resets = 0;
  later.on('reset', () => (resets += 1));
  await connected('7');
  expect(resets).toBe(1);
});

it('a new handle receives the held portfolio, and a slow loop only the newest one', async () => {
  const { client } = await up();
  gateway.last.say('portfolio_update', portfolio(1));
  const handle = client.subscribe({ type: 'portfolio' });
  const updates: unknown[] = [];
  handle.on('update', (update) => updates.push(update));
  await handle.ready;
  expect(updates).toEqual([portfolio(1)]);
  const iterator = handle[Symbol.asyncIterator]();
  for (let n = 2; n <= 100; n++) gateway.last.say('portfolio_update', portfolio(n));
  await expect(iterator.next()).resolves.toEqual({ done: false, value: portfolio(100) });
});

it('moves to another replica with the portfolio that this one has sent, and is never stale', async () => {
  const { client, handle, updates } = await up({ general: false });
  const stale: unknown[] = [];
  gateway.last.say('portfolio_update', portfolio(1));
  handle.on('stale', (change) => stale.push(change));
  gateway.last.say('server_draining', { reconnect_in_ms: 1_000 });
  await gateway.pass(100);
  const [first, next] = gateway.sockets;
  gateway.answers = false;
  next!.connected({}, [], of('42'));
  await settle();
  next!.say('subscribed', { room: 'portfolio', message: '' });
  next!.say('portfolio_update', portfolio(2));
  expect(updates).toEqual([1]);
  next!.sent.at(-1)!.ack({ ok: true, rooms: ['portfolio'] });
  await settle();
  expect([first!.open, client.state, updates, stale]).toEqual([false, 'connected', [1, 2], []]);
});

it('the portfolio that another user was sent on a failed connection is not reported', async () => {
  const { handle, updates } = await up({ general: false });
  gateway.last.say('server_draining', { reconnect_in_ms: 60_000 });
  await gateway.pass(57_100);
  gateway.answers = false;
  gateway.last.connected({}, [], of('7'));
  gateway.last.say('portfolio_update', portfolio(5, '7'));
  gateway.last.drop();
  gateway.answers = true;
  await gateway.pass(2_000);
  gateway.last.connected({}, [], of('42'));
  await settle();
  expect(gateway.sockets).toHaveLength(3);
  expect([handle.latest, updates]).toEqual([undefined, []]);
});

it('a client that is closed rejects the subscription', async () => {
  const { client, handle } = await up();
  client.close();
  expect(handle.closed).toBe(true);
  await expect(client.subscribe({ type: 'portfolio' }).ready).rejects.toMatchObject({ code: 'CLOSED' });
});
