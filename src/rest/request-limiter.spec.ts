import { ManualClock } from '../../test/support/manual-clock.js';
import { RequestLimiter } from './request-limiter.js';

function setUp(maxCallers = 10) {
  const clock = new ManualClock();
  const limiter = new RequestLimiter({
    clock,
    requests: { perSecond: 2, burst: 3 },
    work: { perSecond: 10, burst: 100 },
    maxCallers,
  });
  return { clock, limiter };
}

it('limits the requests of each caller by itself', () => {
  const { clock, limiter } = setUp();
  expect([1, 2, 3, 4].map(() => limiter.request('a'))).toEqual([0, 0, 0, 500]);
  expect(limiter.request('b')).toBe(0);
  clock.advance(500);
  expect(limiter.request('a')).toBe(0);
  expect(limiter.request('a')).toBe(500);
});

it('accepts a caller that waits as long as it was told', () => {
  const { clock, limiter } = setUp();
  expect(limiter.work('a', 90)).toBe(0);
  const wait = limiter.work('a', 33);
  expect(wait).toBe(2_300);
  clock.advance(wait);
  expect(limiter.work('a', 33)).toBe(0);
});

it('charges work that costs more than the burst with the burst', () => {
  const { clock, limiter } = setUp();
  expect(limiter.work('a', 1_000)).toBe(0);
  expect(limiter.work('a', 1_000)).toBe(10_000);
  clock.advance(10_000);
  expect(limiter.work('a', 1_000)).toBe(0);
});

it('forgets callers whose accounts are full again, and the oldest if there are too many', () => {
  const { clock, limiter } = setUp(3);
  for (const caller of ['a', 'b', 'a', 'c', 'd']) limiter.request(caller);
  expect(limiter.size).toBe(3);
  // `a` was kept, with the two requests that it has made, although it was the first.
  expect(limiter.request('a')).toBe(0);
  expect(limiter.request('a')).toBe(500);
  clock.advance(60_000);
  limiter.request('e');
  expect(limiter.size).toBe(1);
});

it('blocks a caller that was charged too much until it has made up for it', () => {
  const { clock, limiter } = setUp();
  expect(limiter.blockedMs('a')).toBe(0);
  limiter.charge('a', 100);
  expect(limiter.blockedMs('a')).toBe(0);
  limiter.charge('a', 10);
  expect(limiter.blockedMs('a')).toBe(1_000);
  clock.advance(1_000);
  expect(limiter.blockedMs('a')).toBe(0);
});
