import { chainView } from './chain-view.fixture.js';
import { COLUMNS } from './columns.js';
import { ladderOf } from './ladder.js';
import { Widths } from './widths.js';

const oi = COLUMNS.find(({ id }) => id === 'oi')!;
const withOi = (value: number, expiry = '2026-11-26') =>
  ladderOf(chainView({ expiry, calls: { open_interest: [value, 0, 0] } }));

it('grow with the numbers, and never shrink while the chain is the same', () => {
  const widths = new Widths(() => 10);
  expect(widths.measure(withOi(100), [oi])).toBe(true);
  const narrow = widths.of(oi);
  expect(widths.measure(withOi(100), [oi])).toBe(false);
  expect(widths.measure(withOi(1_000_000), [oi])).toBe(true);
  expect(widths.of(oi) - narrow).toBe(60); // 1,000,000 has six characters more than 100
  expect(widths.measure(withOi(5), [oi])).toBe(false);
  expect(widths.of(oi) - narrow).toBe(60);
});

it('begin again with another chain', () => {
  const widths = new Widths(() => 10);
  widths.measure(withOi(1_000_000), [oi]);
  const wide = widths.of(oi);
  expect(widths.measure(withOi(5, '2026-12-03'), [oi])).toBe(true);
  expect(widths.of(oi)).toBeLessThan(wide);
});
