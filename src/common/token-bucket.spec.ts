import { ManualClock } from '../../test/support/manual-clock.js';
import { TokenBucket } from './token-bucket.js';

function setUp(perSecond = 10, burst = 5) {
  const clock = new ManualClock();
  return { clock, bucket: new TokenBucket({ clock, perSecond, burst }) };
}

it('starts with a full burst, fills at its rate, and never holds more than the burst', () => {
  const { clock, bucket } = setUp();
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([4, 3, 2]);
  clock.advance(100);
  expect(bucket.tokens).toBe(3);
  expect(bucket.full).toBe(false);
  clock.advance(3_600_000);
  expect(bucket.tokens).toBe(5);
  expect(bucket.full).toBe(true);
});

it('goes below zero if too many tokens are taken, and says when enough are back', () => {
  const { clock, bucket } = setUp();
  for (let n = 0; n < 8; n++) bucket.take();
  expect(bucket.tokens).toBe(-3);
  expect(bucket.msUntil(1)).toBe(400);
  clock.advance(399);
  expect(bucket.tokens).toBeLessThan(1);
  clock.advance(1);
  expect(bucket.tokens).toBeCloseTo(1);
  expect(bucket.msUntil(1)).toBeLessThanOrEqual(0);
});
