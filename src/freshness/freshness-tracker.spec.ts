import { JsonPayload } from '../contract/index.js';
import type { MarketMessage } from '../feed/market-message.js';
import { MarketHours } from '../market-hours/market-hours.js';
import { FreshnessTracker, type StatusChange } from './freshness-tracker.js';

const STALE = 15_000;
const MONDAY = Date.parse('2026-11-23T00:00:00Z');
const HOUR = 3_600_000;

/** A tracker with manual clocks. The monotonic clock and the wall clock are independent. */
function setUp(options: { hours?: string; expected?: string[]; wall?: number; maxProducts?: number } = {}) {
  const clock = { now: 5_000_000, wall: options.wall ?? MONDAY + 6 * HOUR };
  const tracker = new FreshnessTracker({
    staleAfterMs: STALE,
    hours: MarketHours.parse(options.hours ?? ''),
    expected: options.expected ?? [],
    maxProducts: options.maxProducts ?? 100,
    now: () => clock.now,
    wallNow: () => clock.wall,
  });
  const pass = (ms: number) => {
    clock.now += ms;
    clock.wall += ms;
  };
  /** A message that was made `ageMs` ago by the wall clock. */
  const message = (kind: 'underlying' | 'chain', product: string, ageMs: number): MarketMessage => {
    const time = (clock.wall - ageMs) * 1_000;
    const base = {
      product,
      key: product,
      time,
      processedTime: time,
      payload: new JsonPayload<never>('{}', ''),
    };
    return kind === 'underlying'
      ? { ...base, kind, price: 1 }
      : { ...base, kind, expiry: '2026-11-26', summary: {} as never, totals: {} as never };
  };
  return {
    clock,
    tracker,
    message,
    pass,
    price: (product = 'A', ageMs = 0) => tracker.live(message('underlying', product, ageMs)),
    chain: (product = 'A', ageMs = 0) => tracker.live(message('chain', product, ageMs)),
    storedPrice: (ageMs: number, product = 'A') => tracker.stored(message('underlying', product, ageMs)),
    storedChain: (ageMs: number, product = 'A') => tracker.stored(message('chain', product, ageMs)),
    sweep: (limit = 100) => tracker.sweep(limit).map(named),
    iso: (ageMs = 0) => new Date(clock.wall - ageMs).toISOString(),
  };
}

const named = ({ payload: { product, status } }: StatusChange) => `${product} ${status}`;

describe('FreshnessTracker', () => {
  it('reports a price as stale once, and as live again with the next price', () => {
    const { price, pass, sweep, iso, tracker } = setUp();
    expect(price()).toBeUndefined();
    const came = iso();
    pass(STALE - 1);
    expect(sweep()).toEqual([]);
    pass(1);
    expect(tracker.sweep(100)).toEqual([
      { payload: { product: 'A', status: 'stale', last_update: came, age_ms: STALE }, hadPrice: true },
    ]);
    pass(60_000);
    expect(sweep()).toEqual([]);
    expect(tracker.staleStatus('A')).toMatchObject({ last_update: came, age_ms: STALE + 60_000 });
    expect(price()).toEqual({
      payload: { product: 'A', status: 'live', last_update: iso(), age_ms: 0 },
      hadPrice: true,
    });
    expect(price()).toBeUndefined();
    expect(tracker.staleStatus('A')).toBeUndefined();
    pass(STALE);
    expect(sweep()).toEqual(['A stale']);
  });

  it('counts the age of live prices from their arrival, whatever time they contain', () => {
    const { price, pass, sweep } = setUp();
    price('RECORDED', 365 * 24 * HOUR);
    price('BEHIND', 60_000);
    price('AHEAD', -HOUR);
    pass(STALE - 1);
    expect(sweep()).toEqual([]);
    pass(1);
    expect(sweep()).toEqual(['RECORDED stale', 'BEHIND stale', 'AHEAD stale']);
  });

  it('accepts a repeated message as a sign of life', () => {
    const { tracker, message, pass, sweep } = setUp();
    const same = message('underlying', 'A', 0);
    tracker.live(same);
    pass(STALE - 1);
    tracker.live(same);
    pass(1);
    expect(sweep()).toEqual([]);
    pass(STALE - 1);
    expect(sweep()).toEqual(['A stale']);
    expect(tracker.live(same)).toMatchObject({ payload: { status: 'live' } });
  });

  it("is not affected by a step of this machine's wall clock", () => {
    const { price, clock, sweep, pass, tracker } = setUp();
    price();
    clock.wall += HOUR;
    expect(sweep()).toEqual([]);
    clock.wall -= 3 * HOUR;
    pass(STALE);
    expect(sweep()).toEqual(['A stale']);
    expect(tracker.staleStatus('A')?.age_ms).toBe(STALE);
  });

  it('sweeps the oldest prices first, up to the limit, and the others in the next sweep', () => {
    const { price, pass, sweep } = setUp();
    for (const product of ['A', 'B', 'C', 'D']) price(product);
    price('B');
    pass(STALE);
    expect(sweep(3)).toEqual(['A stale', 'C stale', 'D stale']);
    expect(sweep(3)).toEqual(['B stale']);
    expect(sweep(3)).toEqual([]);
  });

  describe('a price from the store', () => {
    it('is stale at once if it is old, and later if it is recent', () => {
      const { storedPrice, sweep, pass, iso } = setUp();
      expect(storedPrice(STALE, 'OLD')).toEqual({
        payload: { product: 'OLD', status: 'stale', last_update: iso(STALE), age_ms: STALE },
        hadPrice: true,
      });
      expect(storedPrice(10_000, 'YOUNG')).toBeUndefined();
      pass(4_999);
      expect(sweep()).toEqual([]);
      pass(1);
      expect(sweep()).toEqual(['YOUNG stale']);
    });

    it('goes stale on time even if it was read after newer prices', () => {
      const { price, storedPrice, sweep, pass } = setUp();
      price('NEW');
      storedPrice(10_000, 'YOUNG');
      storedPrice(-HOUR, 'FUTURE');
      pass(5_000);
      expect(sweep()).toEqual(['YOUNG stale']);
      pass(10_000);
      expect(sweep()).toEqual(['NEW stale', 'FUTURE stale']);
    });

    it('changes nothing if it is a copy of the live price, or older', () => {
      const { price, storedPrice, pass, sweep } = setUp();
      price('A', -HOUR);
      pass(10_000);
      expect(storedPrice(-HOUR + 10_000)).toBeUndefined();
      expect(storedPrice(5_000)).toBeUndefined();
      pass(5_000);
      expect(sweep()).toEqual(['A stale']);
    });

    it('makes a product live after an outage if it is recent, and changes nothing if it is old', () => {
      const { price, storedPrice, pass, sweep, iso } = setUp();
      price('A', 120_000);
      price('B', 120_000);
      pass(60_000);
      sweep();
      expect(storedPrice(30_000, 'A')).toBeUndefined();
      expect(storedPrice(300, 'B')).toEqual({
        payload: { product: 'B', status: 'live', last_update: iso(300), age_ms: 300 },
        hadPrice: true,
      });
    });

    it("does not make a live product stale if it is newer, but the producer's clock is behind", () => {
      const { price, storedPrice, pass, sweep } = setUp();
      price('A', 120_000);
      pass(1_000);
      expect(storedPrice(119_000)).toBeUndefined();
      expect(sweep()).toEqual([]);
      pass(STALE - 1_000);
      expect(sweep()).toEqual(['A stale']);
    });
  });

  describe('chains', () => {
    it('count as prices if the product has no prices of its own', () => {
      const { chain, storedChain, pass, sweep } = setUp();
      chain('A');
      storedChain(1_000, 'B');
      pass(STALE - 1);
      expect(sweep()).toEqual(['B stale']);
      expect(chain('B')).toMatchObject({ payload: { status: 'live' } });
      expect(chain('A')).toBeUndefined();
      pass(STALE - 1);
      expect(sweep()).toEqual([]);
    });

    it('do not make a stale price live', () => {
      const { price, chain, storedChain, pass, sweep } = setUp();
      chain();
      price();
      pass(STALE);
      chain();
      expect(sweep()).toEqual(['A stale']);
      expect(chain()).toBeUndefined();
      expect(storedChain(0)).toBeUndefined();
      expect(price()).toMatchObject({ payload: { status: 'live' } });
    });

    it('are replaced by the first price of the product, in whichever order the store is read', () => {
      const { storedPrice, storedChain } = setUp();
      expect([storedChain(0, 'A'), storedPrice(STALE, 'A')?.payload.status]).toEqual([undefined, 'stale']);
      expect([storedPrice(STALE, 'B')?.payload.status, storedChain(0, 'B')]).toEqual(['stale', undefined]);
    });
  });

  describe('expected products without any price', () => {
    it('go stale, with a status that has no time', () => {
      const { sweep, pass, tracker, price } = setUp({ expected: ['A', 'B'] });
      price('B');
      pass(STALE);
      expect(tracker.sweep(1)).toEqual([
        { payload: { product: 'A', status: 'stale', last_update: null, age_ms: null }, hadPrice: false },
      ]);
      expect(sweep()).toEqual(['B stale']);
      expect(tracker.complaints()).toEqual(['A', 'B']);
      expect(tracker.staleStatuses(10).map(({ product }) => product)).toEqual(['B']);
      expect(price('A')).toMatchObject({ payload: { status: 'live', age_ms: 0 }, hadPrice: false });
    });

    it('are reported as stale again, with a price, when the store has an old price', () => {
      const { sweep, pass, storedPrice, iso } = setUp({ expected: ['A'] });
      pass(STALE);
      sweep();
      expect(storedPrice(HOUR)).toEqual({
        payload: { product: 'A', status: 'stale', last_update: iso(HOUR), age_ms: HOUR },
        hadPrice: true,
      });
      expect(storedPrice(HOUR - 1)).toBeUndefined();
    });
  });

  describe('market hours', () => {
    const hours = 'UTC Mon-Fri 09:00-17:00; US=UTC Mon-Fri 14:00-21:00';

    it('stop prices from going stale while closed, and ages count from the opening', () => {
      const { price, pass, sweep, tracker } = setUp({
        hours,
        expected: ['NEVER'],
        wall: MONDAY + 9 * HOUR - 60_000,
      });
      price('A');
      price('US');
      expect(sweep()).toEqual([]);
      pass(60_000);
      expect(sweep()).toEqual([]);
      pass(STALE - 1);
      price('B');
      expect(sweep()).toEqual([]);
      pass(1);
      expect(sweep()).toEqual(['NEVER stale', 'A stale']);
      expect(tracker.staleStatus('A')?.age_ms).toBe(60_000 + STALE);
      pass(5 * HOUR - STALE - 1);
      expect(sweep()).toEqual(['B stale']);
      pass(STALE);
      expect(sweep()).toEqual([]);
      pass(1);
      expect(sweep()).toEqual(['US stale']);
    });

    it('keep a closing price out of the complaints, also if it is read from the store', () => {
      const { price, storedPrice, pass, sweep, tracker } = setUp({ hours, wall: MONDAY + 17 * HOUR - 5_000 });
      price('A');
      pass(5_000);
      pass(HOUR);
      expect(sweep()).toEqual([]);
      expect(storedPrice(2 * HOUR, 'B')).toBeUndefined();
      expect(tracker.complaints()).toEqual([]);
      pass(15 * HOUR + STALE);
      expect(sweep()).toEqual(['B stale', 'A stale']);
      expect(storedPrice(HOUR, 'C')?.payload.status).toBe('stale');
    });

    it('keep a product stale that stopped before the close, but out of the complaints', () => {
      const { price, storedPrice, pass, sweep, tracker } = setUp({ hours, wall: MONDAY + 16 * HOUR });
      price('A');
      pass(STALE);
      expect(sweep()).toEqual(['A stale']);
      expect(tracker.complaints()).toEqual(['A']);
      pass(2 * HOUR);
      expect(tracker.complaints()).toEqual([]);
      expect(tracker.staleStatus('A')).toBeDefined();
      expect(storedPrice(HOUR)).toBeUndefined();
      expect(tracker.staleStatus('A')).toBeDefined();
      pass(15 * HOUR);
      expect(sweep()).toEqual([]);
      expect(tracker.complaints()).toEqual(['A']);
      expect(price()).toMatchObject({ payload: { status: 'live' } });
    });
  });

  it('does not watch more products than allowed, and never evicts a stale one', () => {
    const { price, storedPrice, pass, sweep, tracker } = setUp({ expected: ['A'], maxProducts: 2 });
    price('A');
    price('B');
    pass(STALE);
    expect(sweep()).toEqual(['A stale', 'B stale']);
    expect(price('C')).toBeUndefined();
    expect(storedPrice(HOUR, 'D')).toBeUndefined();
    expect(tracker.size).toBe(2);
    expect(tracker.staleStatuses(10).map(({ product }) => product)).toEqual(['A', 'B']);
    expect(price('A')).toMatchObject({ payload: { product: 'A', status: 'live' } });
    pass(STALE);
    expect(sweep()).toEqual(['A stale']);
  });

  it('knows with which change a product went stale, also if it goes stale again', () => {
    const { price, storedPrice, pass, sweep, tracker } = setUp({ expected: ['NEVER'] });
    price('A');
    const before = tracker.changes;
    pass(STALE);
    sweep();
    expect(tracker.staleStatus('A', before)).toBeUndefined();
    const by = tracker.changes;
    expect(tracker.staleStatus('A', by)).toMatchObject({ product: 'A', status: 'stale' });
    expect(tracker.staleStatus('NEVER', by)).toBeDefined();
    storedPrice(HOUR, 'NEVER');
    expect(tracker.staleStatus('NEVER', by)).toBeUndefined();
    expect(tracker.staleStatus('NEVER')).toBeDefined();
    price('A');
    pass(STALE);
    sweep();
    expect(tracker.staleStatus('A', by)).toBeUndefined();
  });
});
