import { JsonPayload } from '../contract/index.js';
import type { ChainMessage } from '../feed/market-message.js';
import { MarketHours } from '../market-hours/market-hours.js';
import { ChainTracker } from './chain-tracker.js';

const STALE = 60_000;
const MONDAY = Date.parse('2026-11-23T12:00:00Z');
const HOUR = 3_600_000;
const EXPIRY = '2026-11-26';

function setUp({ maxChains = 100, hours = '' } = {}) {
  const clock = { now: 5_000_000, wall: MONDAY };
  let refused = 0;
  const tracker = new ChainTracker({
    staleAfterMs: STALE,
    hours: MarketHours.parse(hours),
    maxChains,
    now: () => clock.now,
    wallNow: () => clock.wall,
    onRefused: () => refused++,
  });
  const message = (expiry: string, ageMs: number, product: string): ChainMessage => {
    const time = (clock.wall - ageMs) * 1_000;
    const payload = new JsonPayload<never>('{}', '');
    return {
      kind: 'chain',
      product,
      expiry,
      key: '',
      time,
      processedTime: time,
      payload,
      summary: {} as never,
      totals: {} as never,
    };
  };
  return {
    tracker,
    pass: (ms: number) => {
      clock.now += ms;
      clock.wall += ms;
    },
    live: (expiry = EXPIRY, product = 'A') => tracker.live(message(expiry, 0, product)),
    stored: (ageMs: number, expiry = EXPIRY) => tracker.stored(message(expiry, ageMs, 'A')),
    sweep: () => tracker.sweep(100).map(({ product, expiry, status }) => `${product} ${expiry} ${status}`),
    refused: () => refused,
  };
}

describe('ChainTracker', () => {
  it('reports each chain of a product separately: as stale once, and as live with its next message', () => {
    const { live, pass, sweep, tracker } = setUp();
    live();
    live('2026-12-03');
    pass(STALE - 1);
    live('2026-12-03');
    pass(1);
    expect(sweep()).toEqual([`A ${EXPIRY} stale`]);
    expect(sweep()).toEqual([]);
    expect(tracker.staleStatus('A', EXPIRY)).toMatchObject({ product: 'A', expiry: EXPIRY, age_ms: STALE });
    expect(tracker.staleStatus('A', '2026-12-03')).toBeUndefined();
    expect(tracker.complaints()).toEqual([`A:${EXPIRY}`]);
    expect(live()).toMatchObject({ product: 'A', expiry: EXPIRY, status: 'live', age_ms: 0 });
    expect(live()).toBeUndefined();
  });

  it('reports an old chain from the store as stale at once, and a recent one later', () => {
    const { stored, sweep, pass } = setUp();
    expect(stored(STALE)).toMatchObject({ status: 'stale' });
    expect(stored(STALE / 2, '2026-12-03')).toBeUndefined();
    pass(STALE / 2);
    expect(sweep()).toEqual(['A 2026-12-03 stale']);
  });

  it("forgets a chain once the day of its expiry has ended by the feed's own time", () => {
    const { live, pass, sweep, tracker, stored } = setUp();
    live('2026-11-23');
    live('2026-11-24');
    pass(12 * HOUR);
    expect(sweep()).toEqual(['A 2026-11-24 stale']);
    expect([tracker.knows('A', '2026-11-23'), tracker.knows('A', '2026-11-24')]).toEqual([false, true]);
    pass(24 * HOUR);
    expect(tracker.complaints()).toEqual([]);
    expect(tracker.knows('A')).toBe(false);
    expect(stored(24 * HOUR, '2026-11-24')).toBeUndefined();
    expect(tracker.knows('A')).toBe(false);
  });

  it('reports no chain as stale outside the market hours of its product', () => {
    const { live, pass, sweep } = setUp({ hours: 'UTC Mon-Fri 09:00-12:30; B=UTC Mon-Fri 09:00-17:00' });
    live(EXPIRY, 'A');
    live(EXPIRY, 'B');
    pass(HOUR);
    expect(sweep()).toEqual([`B ${EXPIRY} stale`]);
  });

  it('does not watch more chains than allowed, counts the others, and replaces expired ones', () => {
    const { live, pass, sweep, tracker, refused } = setUp({ maxChains: 2 });
    live('2026-11-23');
    live('2026-11-24');
    live('2026-11-25');
    expect([refused(), tracker.knows('A', '2026-11-25')]).toEqual([1, false]);
    pass(STALE);
    expect(sweep()).toHaveLength(2);
    pass(12 * HOUR);
    live('2026-11-25');
    expect([refused(), tracker.knows('A', '2026-11-25'), tracker.knows('A', '2026-11-23')]).toEqual([
      1,
      true,
      false,
    ]);
  });
});
