import { FakeGateway, refusal, roomsOf, settle } from '../../../test/clients/support/fake-gateway.js';
import { underlying } from '../../../test/support/messages.js';
import type { SubscriptionRequest } from './contract/index.js';
import type { Request } from './request.js';

const RETRY_MS = 40_000;
const NEVER = { status: 'stale', last_update: null, age_ms: null };

/** A gateway that knows some products, and allows no rooms of other products. */
class ForgetfulGateway extends FakeGateway {
  readonly known = new Set<string>();
  override refuses = (request: SubscriptionRequest, event: string): unknown => {
    const unknown = event === 'subscribe' ? roomsOf(request).filter((room) => !this.knows(room)) : [];
    return unknown.length > 0 ? refusal('TOO_MANY_SUBSCRIPTIONS', RETRY_MS, unknown) : undefined;
  };

  private knows(room: string): boolean {
    const [, product] = room.split(':');
    return product === undefined || this.known.has(product);
  }
}

function forgetful(...known: string[]): ForgetfulGateway {
  const gateway = new ForgetfulGateway();
  for (const product of known) gateway.known.add(product);
  return gateway;
}

const product = (...symbols: string[]) => ({ type: 'product' as const, symbols });

it('requests the accepted rooms at once, and retries the others when the gateway says, until they are granted', async () => {
  const gateway = forgetful('A', 'D');
  const client = await gateway.up();
  const handles = ['A', 'B', 'C', 'D'].map((symbol) => client.subscribe({ type: 'product', symbol }));
  await settle();
  const asked = [product('A', 'B', 'C', 'D'), product('A', 'D')];
  expect(gateway.last.asked('subscribe')).toEqual(asked);
  const times = [gateway.clock.now()];
  while (times.length < 5) {
    await gateway.pass(100);
    if (gateway.last.asked('subscribe').length === asked.length) continue;
    asked.push(product('B', 'C'));
    expect(gateway.last.asked('subscribe')).toEqual(asked);
    times.push(gateway.clock.now());
  }
  const waits = times.slice(1).map((time, index) => time - times[index]!);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(RETRY_MS);
  expect(Math.max(...waits)).toBeLessThanOrEqual(RETRY_MS * 1.1 + 100);
  expect(new Set(waits).size).toBeGreaterThan(1);
  expect(handles.map(({ closed }) => closed)).toEqual([false, false, false, false]);
  gateway.known.add('B').add('C');
  await gateway.pass(RETRY_MS * 1.11);
  await Promise.all(handles.map(({ ready }) => ready));
  expect(gateway.clock.pending).toBe(0);
});

it('a room that is added meanwhile is requested at once', async () => {
  const gateway = forgetful('A');
  const client = await gateway.up();
  client.subscribe({ type: 'product', symbol: 'B' });
  await settle();
  await client.subscribe({ type: 'product', symbol: 'A' }).ready;
  expect(gateway.last.asked('subscribe')).toEqual([
    { type: 'product', symbol: 'B' },
    { type: 'product', symbol: 'A' },
  ]);
});

it('is requested at once on the next connection', async () => {
  const gateway = forgetful();
  const client = await gateway.up();
  const handle = client.subscribe({ type: 'chain', symbol: 'B' });
  await settle();
  gateway.last.drop();
  gateway.known.add('B');
  await gateway.pass(1_000);
  gateway.last.connected();
  await handle.ready;
  expect(gateway.last.asked('subscribe')).toEqual([{ type: 'chain', symbol: 'B' }]);
});

it.each(['unsubscribe', 'close'] as const)('%s leaves no timer, and nothing is retried', async (how) => {
  const gateway = forgetful();
  const client = await gateway.up();
  const handle = client.subscribe({ type: 'product', symbol: 'B' });
  await settle();
  expect(gateway.clock.pending).toBe(1);
  if (how === 'close') client.close();
  else handle.unsubscribe();
  await settle();
  expect(gateway.clock.pending).toBe(0);
  await gateway.pass(RETRY_MS * 2);
  expect(gateway.last.asked('subscribe')).toHaveLength(1);
});

it('a connection without some of its rooms still replaces a draining one', async () => {
  const gateway = forgetful('A');
  const client = await gateway.up();
  const handles = ['A', 'B'].map((symbol) => client.subscribe({ type: 'product', symbol }));
  await settle();
  gateway.last.say('server_draining', { reconnect_in_ms: 5_000 });
  await gateway.pass(5_000);
  expect(gateway.sockets).toHaveLength(2);
  gateway.last.connected();
  await settle();
  expect(client.state).toBe('connected');
  expect(handles.map(({ closed, stale }) => [closed, stale])).toEqual([
    [false, false],
    [false, true],
  ]);
});

it.each([
  { type: 'product', symbol: 'B' },
  { type: 'chain', symbol: 'B' },
] as const)('a $type is stale until it is granted', async (request) => {
  const gateway = forgetful();
  const client = await gateway.up();
  const told: boolean[] = [];
  const handle = client.subscribe(request as Request);
  handle.on('stale', ({ stale }) => told.push(stale));
  await settle();
  expect([handle.stale, client.isStale('B'), client.isStale('OTHER')]).toEqual([true, true, false]);
  gateway.known.add('B');
  await gateway.pass(RETRY_MS * 1.11);
  expect([handle.stale, client.isStale('B')]).toEqual([false, false]);
  expect(told.at(-1)).toBe(false);
});

it('a first price from general makes the product live', async () => {
  const gateway = forgetful();
  const client = await gateway.up();
  const handle = client.subscribe({ type: 'product', symbol: 'B' });
  await settle();
  gateway.last.say('underlying_update', underlying('B', 1));
  expect([handle.latest?.price, handle.stale, client.isStale('B')]).toEqual([1, false, false]);
});

it('the same rejection without a time is final', async () => {
  const gateway = new FakeGateway();
  gateway.refuses = (_, event) => (event === 'subscribe' ? refusal('TOO_MANY_SUBSCRIPTIONS') : undefined);
  const client = await gateway.up();
  const handle = client.subscribe({ type: 'product', symbol: 'B' });
  await expect(handle.ready).rejects.toMatchObject({ code: 'TOO_MANY_SUBSCRIPTIONS' });
  expect(gateway.clock.pending).toBe(0);
});

it('near matches of an unknown symbol are suggested until its first update', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  gateway.refuses = (request, event) => {
    if (event !== 'subscribe') return undefined;
    const rooms = roomsOf(request);
    for (const room of rooms) gateway.last.say('subscribed', { room, message: '', known: false });
    return { ok: true, rooms, suggestions: { nifty: 'NIFTY' } };
  };
  const request = product('nifty', 'ZZZ');
  const handle = client.subscribe(request);
  expect(handle.suggestions.size).toBe(0);
  await handle.ready;
  expect([...handle.suggestions]).toEqual([['nifty', 'NIFTY']]);
  expect([...client.subscribe(request).suggestions]).toEqual([['nifty', 'NIFTY']]);
  gateway.last.say('underlying_update', underlying('nifty', 1));
  expect(handle.suggestions.size).toBe(0);
});

it('a snapshot names the stopped chains among the requested ones', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  gateway.refuses = (_, event) => {
    if (event !== 'get_snapshot') return undefined;
    const said = [
      ['NIFTY', '2026-11-26', 'stale'],
      ['NIFTY', '2026-12-03', 'stale'],
      ['NIFTY', '2026-12-03', 'live'],
      ['OTHER', '2026-11-26', 'stale'],
    ];
    for (const [name, expiry, status] of said)
      gateway.last.say('chain_status', { ...NEVER, product: name, expiry, status });
    return { ok: true, rooms: ['chain:NIFTY'], snapshots: [{ room: 'chain:NIFTY', updates: 0 }] };
  };
  const { stale, staleChains } = await client.snapshot({ type: 'chain', symbol: 'NIFTY' });
  expect(stale).toEqual([]);
  expect(staleChains).toEqual([{ ...NEVER, product: 'NIFTY', expiry: '2026-11-26' }]);
});
