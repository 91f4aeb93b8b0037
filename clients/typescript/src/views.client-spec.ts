import { FakeGateway, refusal, settle } from '../../../test/clients/support/fake-gateway.js';
import { chainView } from '../../../test/support/chain-views.js';
import { chainUpdate, EXPIRY, underlying } from '../../../test/support/messages.js';
import type { AskedView, ChainView, Request, SocketClient, Subscription } from './index.js';
import { SubscriptionError } from './index.js';

const QUOTE = { mode: 'quote', strikes: 10 } as const;
const LTP = { mode: 'ltp' } as const;
const chainOf = (view: AskedView, symbol = 'A') => ({ type: 'chain', symbol, expiry: EXPIRY, view }) as const;
const STALE = { status: 'stale', last_update: null, age_ms: null } as const;

/** The spot prices of what a handle receives from now on: that of the `n`th chain is `n`. */
function heard(handle: Subscription<ChainView>): number[] {
  const prices: number[] = [];
  handle.on('update', ({ spot_price }) => prices.push(spot_price));
  return prices;
}

let gateway: FakeGateway;
let client: SocketClient;
beforeEach(async () => {
  gateway = new FakeGateway();
  client = await gateway.up({ general: false });
  await settle();
});
afterEach(() => client.close());

const rooms = () => [...gateway.last.rooms].sort();
const requests = () => gateway.last.asked('subscribe');

describe('a subscription with a view', () => {
  it('joins the room of the view that is granted, and says which it is', async () => {
    const handle = client.subscribe(chainOf({ mode: 'quote', strikes: 12, max_rate: 3 }));
    await handle.ready;
    expect(requests()).toEqual([
      { type: 'chain', symbol: 'A', expiry: EXPIRY, view: { ...QUOTE, max_rate: 2 } },
    ]);
    expect(rooms()).toEqual([`chain:A:${EXPIRY}@quote.10.2hz`]);
    expect([handle.granted, handle.rooms]).toEqual([{ ...QUOTE, max_rate: 2 }, rooms()]);
    expect(handle.stale).toBe(false);
    handle.unsubscribe();
    await settle();
    expect([rooms(), requests()]).toEqual([[], requests()]);
  });

  it('of a product or of `general` has only a rate, and without one it is the room itself', async () => {
    const rate = { max_rate: 1 };
    client.subscribe({ type: 'product', symbol: 'A', view: rate });
    client.subscribe({ type: 'product', symbol: 'B', view: {} });
    client.subscribe({ type: 'general', view: rate });
    await settle();
    expect(rooms()).toEqual(['general@1hz', 'product:A@1hz', 'product:B']);
    gateway.last.say('underlying_update', underlying('A', 1));
    expect(client.held({ type: 'product', symbol: 'A', view: rate })).toEqual([underlying('A', 1)]);
    expect(client.isStale({ type: 'product', symbol: 'A', view: rate })).toBe(false);
  });

  it('receives the updates of its columns and strikes, of whichever rate, and no others', async () => {
    const slow = client.subscribe(chainOf({ ...QUOTE, max_rate: 1 }));
    const fast = client.subscribe({ type: 'chain', symbol: 'A', view: QUOTE });
    const other = client.subscribe(chainOf({ mode: 'quote' }));
    const plain = client.subscribe({ type: 'chain', symbol: 'A' });
    await settle();
    gateway.last.say('chain_view', chainView('A', 1, QUOTE));
    expect([slow, fast, other, plain].map(({ latest }) => latest?.spot_price)).toEqual([
      1,
      1,
      undefined,
      undefined,
    ]);
    gateway.last.say('chain_update', chainUpdate('A', 2));
    gateway.last.say('chain_view', chainView('A', 3, { mode: 'quote' }));
    expect([slow, other, plain].map(({ latest }) => latest?.spot_price)).toEqual([1, 3, 2]);
    expect([...slow.latestByExpiry.keys()]).toEqual([EXPIRY]);
  });

  it('orders each view by itself', async () => {
    const quote = heard(client.subscribe(chainOf(QUOTE)));
    const ltp = heard(client.subscribe(chainOf(LTP)));
    await settle();
    for (const n of [2, 1, 3]) gateway.last.say('chain_view', chainView('A', n, QUOTE));
    gateway.last.say('chain_view', chainView('A', 1, LTP));
    expect([quote, ltp]).toEqual([[2, 3], [1]]);
  });

  it('is joined again after a lost connection', async () => {
    const handle = client.subscribe(chainOf({ ...QUOTE, max_rate: 2 }));
    await handle.ready;
    gateway.last.say('chain_view', chainView('A', 2, QUOTE));
    gateway.last.drop();
    expect(handle.stale).toBe(true);
    await gateway.pass(1_000);
    gateway.last.connected();
    await settle();
    expect(rooms()).toContain(`chain:A:${EXPIRY}@quote.10.2hz`);
    gateway.last.say('chain_view', chainView('A', 1, QUOTE));
    expect([handle.latest?.spot_price, handle.stale]).toEqual([2, false]);
  });

  it('does not resume, because it has only the newest prices', async () => {
    const other = new FakeGateway();
    const resuming = await other.up({ general: false, resume: true });
    const request = { type: 'product', symbol: 'A', view: { max_rate: 1 } } as const;
    const handle = resuming.subscribe(request);
    await handle.ready;
    other.last.say('underlying_update', underlying('A', 1));
    other.last.drop();
    await other.pass(1_000);
    other.last.connected();
    await settle();
    expect(other.last.asked('subscribe')).toContainEqual(request);
    resuming.close();
  });

  it('forgets the stale chains when it is joined, because the gateway sends them again', async () => {
    const handle = client.subscribe(chainOf(QUOTE));
    await handle.ready;
    gateway.last.say('chain_status', { product: 'A', expiry: EXPIRY, ...STALE });
    expect(handle.stale).toBe(true);
    await handle.changeView(LTP);
    expect(handle.stale).toBe(false);
  });

  it('has the state of its chain, whichever view it is', async () => {
    const handle = client.subscribe(chainOf(QUOTE));
    await handle.ready;
    const reasons: unknown[] = [];
    handle.on('stale', ({ stale, chain }) => reasons.push([stale, chain?.expiry]));
    gateway.last.say('chain_status', { product: 'A', expiry: EXPIRY, ...STALE });
    gateway.last.say('chain_status', { product: 'A', expiry: EXPIRY, ...STALE, status: 'live' });
    gateway.last.say('subscribed', { room: handle.rooms[0], message: '', known: false });
    expect(handle.stale).toBe(true);
    gateway.last.say('chain_view', chainView('A', 1, QUOTE));
    expect(handle.stale).toBe(false);
    expect(reasons.slice(0, 2)).toEqual([
      [true, EXPIRY],
      [false, undefined],
    ]);
  });

  it('is held for the next handle of the same columns', async () => {
    client.subscribe(chainOf(QUOTE));
    await settle();
    gateway.last.say('chain_view', chainView('A', 1, QUOTE));
    expect(client.held(chainOf({ ...QUOTE, max_rate: 1 }))).toHaveLength(1);
    expect(client.held(chainOf(LTP))).toEqual([]);
    const next = client.subscribe(chainOf(QUOTE));
    await next.ready;
    expect(next.latest?.spot_price).toBe(1);
  });

  it.each<[string, unknown]>([
    ['view', { type: 'chain', symbol: 'A', view: 'ltp' }],
    ['view.mode', { type: 'chain', symbol: 'A', view: { mode: 'all' } }],
    ['view.strikes', { type: 'chain', symbol: 'A', view: { strikes: 0 } }],
    ['view.strikes', { type: 'chain', symbol: 'A', view: { strikes: 1.5 } }],
    ['view.max_rate', { type: 'chain', symbol: 'A', view: { max_rate: 0 } }],
    ['view.max_rate', { type: 'general', view: { max_rate: '1' } }],
    ['view.mode', { type: 'product', symbol: 'A', view: { mode: 'ltp' } }],
    ['view.strikes', { type: 'general', view: { strikes: 5 } }],
  ])('is refused without a request if `%s` is wrong: %j', async (field, request) => {
    const handle = client.subscribe(request as Request);
    await expect(handle.ready).rejects.toMatchObject({ code: 'INVALID_VIEW', details: [{ field }] });
    expect(requests()).toEqual([]);
  });

  it('waits until the gateway has fewer views', async () => {
    gateway.refuses = ({ view }) => view && refusal('TOO_MANY_VIEWS', 5_000, [`chain:A:${EXPIRY}@ltp`]);
    const handle = client.subscribe(chainOf(LTP));
    await settle();
    expect([handle.closed, handle.stale, client.isStale('A')]).toEqual([false, true, true]);
    gateway.refuses = () => undefined;
    await gateway.pass(6_000);
    await handle.ready;
  });

  it('is refused if the gateway is too old for views, and the room itself is left', async () => {
    gateway.hasViews = false;
    const plain = client.subscribe({ type: 'product', symbol: 'A' });
    const handles = [
      client.subscribe(chainOf(LTP)),
      client.subscribe({ type: 'product', symbol: 'A', view: { max_rate: 1 } }),
    ];
    for (const handle of handles) {
      await expect(handle.ready).rejects.toMatchObject({
        code: 'INVALID_VIEW',
        message: expect.stringContaining('older version') as string,
      });
    }
    await settle();
    expect([plain.closed, rooms()]).toEqual([false, ['product:A']]);
  });
});

describe('a view that changes', () => {
  const changed = [
    { type: 'chain', symbol: 'A', expiry: EXPIRY, view: QUOTE },
    { type: 'chain', symbol: 'A', expiry: EXPIRY, view: LTP, replace: true },
  ];

  it('takes one request, and no older update comes after a newer one', async () => {
    const handle = client.subscribe(chainOf(QUOTE));
    await handle.ready;
    const prices = heard(handle);
    gateway.last.say('chain_view', chainView('A', 2, QUOTE));
    const changes: unknown[] = [];
    handle.on('stale', (change) => changes.push(change));
    const done = handle.changeView(LTP);
    expect([handle.stale, handle.granted]).toEqual([false, QUOTE]);
    await done;
    expect([handle.stale, handle.granted, changes]).toEqual([false, LTP, []]);
    expect([requests(), gateway.last.asked('unsubscribe')]).toEqual([changed, [{ type: 'general' }]]);
    expect(rooms()).toEqual([`chain:A:${EXPIRY}@ltp`]);
    gateway.last.say('chain_view', chainView('A', 1, LTP));
    expect(handle.updates).toEqual([chainView('A', 2, QUOTE)]);
    gateway.last.say('chain_view', chainView('A', 3, QUOTE));
    gateway.last.say('chain_view', chainView('A', 3, LTP));
    expect(handle.updates).toEqual([chainView('A', 3, LTP)]);
    expect(prices).toEqual([2, 3]);
  });

  it('is replaced in one request if a handle is closed and another one opened in the same turn', async () => {
    const handle = client.subscribe(chainOf(QUOTE));
    await handle.ready;
    handle.unsubscribe();
    await client.subscribe(chainOf(LTP)).ready;
    expect([requests(), gateway.last.asked('unsubscribe')]).toEqual([changed, [{ type: 'general' }]]);
  });

  it('leaves nothing that another handle needs', async () => {
    const [handle, other] = [client.subscribe(chainOf(QUOTE)), client.subscribe(chainOf(QUOTE))];
    await Promise.all([handle.ready, other.ready]);
    await handle.changeView(LTP);
    expect(requests()).toEqual([changed[0], { ...changed[0], view: LTP }]);
    expect(rooms()).toEqual([`chain:A:${EXPIRY}@ltp`, `chain:A:${EXPIRY}@quote.10`]);
    gateway.last.say('chain_view', chainView('A', 1, QUOTE));
    expect([handle.latest, other.latest?.spot_price]).toEqual([undefined, 1]);
  });

  it('of a product may end, and its handle loses no price', async () => {
    const handle = client.subscribe({ type: 'product', symbol: 'A', view: { max_rate: 1 } });
    await handle.ready;
    gateway.last.say('underlying_update', underlying('A', 1));
    await handle.changeView({});
    gateway.last.say('underlying_update', underlying('A', 2));
    expect([rooms(), handle.granted, handle.latest?.price]).toEqual([['product:A'], undefined, 2]);
  });

  it.each([refusal('FORBIDDEN'), refusal('TOO_MANY_VIEWS', 5_000, [`chain:A:${EXPIRY}@ltp`])])(
    'stays as it is if the gateway refuses: %j',
    async (answer) => {
      const handle = client.subscribe(chainOf(QUOTE));
      await handle.ready;
      gateway.refuses = ({ view }) => (view?.mode === 'ltp' ? answer : undefined);
      const done = handle.changeView(LTP);
      await expect(done).rejects.toBeInstanceOf(SubscriptionError);
      await gateway.pass(10_000);
      expect(rooms()).toEqual([`chain:A:${EXPIRY}@quote.10`]);
      expect([handle.closed, handle.granted, handle.stale]).toEqual([false, QUOTE, false]);
      gateway.last.say('chain_view', chainView('A', 1, QUOTE));
      expect(handle.latest?.spot_price).toBe(1);
      expect(requests()).toHaveLength(2);
    },
  );

  it('ends as the last of several changes', async () => {
    const handle = client.subscribe(chainOf(QUOTE));
    const changes = [{ mode: 'full' }, LTP].map((view) => handle.changeView(view as AskedView));
    await Promise.all(changes);
    await handle.ready;
    expect([handle.granted, rooms()]).toEqual([LTP, [`chain:A:${EXPIRY}@ltp`]]);
    await handle.changeView({ mode: 'ltp' });
    expect(requests()).toHaveLength(1);
  });

  it('changes while the connection is lost', async () => {
    const handle = client.subscribe(chainOf(QUOTE));
    await handle.ready;
    gateway.last.drop();
    const done = handle.changeView(LTP);
    await gateway.pass(1_000);
    gateway.last.connected();
    await done;
    expect([handle.granted, handle.stale]).toEqual([LTP, false]);
  });

  it('is refused if it is not valid, if the chain has no view, or if the handle is closed', async () => {
    const plain = client.subscribe({ type: 'chain', symbol: 'A' });
    const handle = client.subscribe(chainOf(QUOTE));
    await expect(plain.changeView(LTP)).rejects.toMatchObject({ code: 'INVALID_VIEW' });
    await expect(handle.changeView({ strikes: -1 })).rejects.toMatchObject({ code: 'INVALID_VIEW' });
    const waiting = handle.changeView(LTP);
    handle.unsubscribe();
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(handle.changeView(LTP)).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
