import {
  age,
  bytes,
  compact,
  currencyOf,
  decimal,
  money,
  NO_VALUE,
  percent,
  signed,
  signedPercent,
  strike,
  timeOf,
} from './format.js';

it('writes the currency of a product only if it is known', () => {
  expect(currencyOf('NIFTY')).toBe('INR');
  expect(money('NIFTY', 21_450.5)).toBe('₹21,450.50');
  expect(money('AAPL', 187.256)).toBe('$187.26');
  expect(money('GOLD', 2_000)).toBe('2,000.00');
});

it('writes a dash for what is missing or no number', () => {
  for (const value of [null, undefined, NaN, Infinity]) {
    expect([decimal(value), money('NIFTY', value), compact(value), signed(value), percent(value)]).toEqual(
      Array(5).fill(NO_VALUE),
    );
  }
});

it('writes signs that are as wide as a digit', () => {
  expect([signed(1.5), signed(-1.5), signed(0)]).toEqual(['+1.50', '−1.50', '0.00']);
  expect([signedPercent(0.0123), signedPercent(-0.5)]).toEqual(['+1.23%', '−50.00%']);
});

it('shortens large numbers, strikes and bytes', () => {
  expect([compact(999), compact(1_146_062)]).toEqual(['999', '1.15M']);
  expect([strike(21_500), strike(187.5)]).toEqual(['21,500', '187.5']);
  expect([bytes(512), bytes(24_300), bytes(2_500_000)]).toEqual(['512 B', '24.3 kB', '2.5 MB']);
});

it.each([
  [0, '0 s'],
  [-5_000, '0 s'],
  [59_999, '59 s'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [3 * 86_400_000, '3 d'],
])('the age of %s ms is %s', (ms, text) => expect(age(ms)).toBe(text));

it('reads times without a zone as UTC', () => {
  const at = Date.UTC(2026, 10, 22, 4, 43, 39);
  for (const text of ['2026-11-22T04:43:39', '2026-11-22T04:43:39Z', '2026-11-22T10:13:39+05:30'])
    expect(timeOf(text)).toBe(at);
  expect(timeOf(null)).toBeNaN();
});
