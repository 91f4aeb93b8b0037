import { ManualClock } from '../../../test/support/manual-clock.js';
import { chain, timestampOf, underlying } from '../../../test/support/messages.js';
import type { UnderlyingUpdate } from './contract/index.js';
import { Order } from './order.js';

const price = (n: number, more = {}) => ({ ...underlying('NIFTY', n), ...more }) as UnderlyingUpdate;

function setUp() {
  const clock = new ManualClock();
  const order = new Order(clock);
  return { clock, order, offer: (update: UnderlyingUpdate) => order.offer('k', update)?.verdict };
}

it('drops older updates, to the microsecond, and recognises a repeated one', () => {
  const { offer } = setUp();
  const at = (micros: string) => price(1, { timestamp: timestampOf(5).slice(0, -3) + micros });
  expect(offer(at('500'))).toBe('newest');
  expect(offer(at('499'))).toBe('older');
  expect(offer(at('500'))).toBe('repeat');
  expect(offer({ ...at('500'), price: 2 })).toBe('newest');
  expect(offer(at('501'))).toBe('newest');
  expect(offer(price(1, { timestamp: 'nonsense' }))).toBeUndefined();
});

it('orders updates of one time by when they were processed, if both have that time', () => {
  const at = (value: number, processed: number) =>
    price(5, { price: value, processed_at: timestampOf(processed) });
  const { offer } = setUp();
  expect([at(1, 8), at(2, 7), at(3, 9), at(4, 8)].map(offer)).toEqual([
    ...['newest', 'older', 'newest', 'older'],
  ]);
  // From the worker's cache, which has no processing time. The gateway knows that it is the newest.
  expect(offer(at(5, 5))).toBe('newest');
  expect(offer(at(6, 10))).toBe('newest');
});

it('accepts a clock that was set back, once ascending older updates have arrived for long enough', () => {
  const { clock, offer } = setUp();
  offer(price(1_000_000));
  for (const [n, after, verdict] of [
    [1, 0, 'older'],
    [2, 2_000, 'older'],
    [3, 2_999, 'older'],
    [4, 1, 'newest'],
    [5, 0, 'newest'],
  ] as const) {
    clock.advance(after);
    expect(offer(price(n))).toBe(verdict);
  }
});

it('does not accept late updates as a clock that was set back, however long they arrive', () => {
  const { clock, offer } = setUp();
  offer(price(1_000));
  for (let n = 900; n > 800; n--) {
    clock.advance(1_000);
    expect(offer(price(n))).toBe('older');
  }
});

it('stays within its limit, and forgets products without a subscription', () => {
  const { order } = setUp();
  for (let n = 0; n < 20_100; n++) order.offer(`k${n}`, { ...price(1), product: `P${n}` });
  expect(order.size).toBe(20_000);
  expect(order.ofProduct('P0')).toEqual([]);
  order.offer('c', chain('C', 1));
  order.keep((key) => key === 'c');
  expect(order.size).toBe(1);
  expect(order.ofProduct('P20000')).toEqual([]);
});
