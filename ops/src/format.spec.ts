import { bytes, count, duration, milliseconds, percent, plural } from './format.js';

it.each([
  [count, 0, '0'],
  [count, 0.42, '0.4'],
  [count, 7, '7'],
  [count, 12.6, '13'],
  [count, 1_204_000, '1,204,000'],
  [count, undefined, '–'],
  [bytes, 0, '0 B'],
  [bytes, 999, '999 B'],
  [bytes, 999.6, '1.00 KB'],
  [bytes, 1_240_000, '1.24 MB'],
  [bytes, 34_500_000_000, '34.5 GB'],
  [bytes, undefined, '–'],
  [milliseconds, 0, '0 ms'],
  [milliseconds, 0.421, '0.42 ms'],
  [milliseconds, 12.34, '12.3 ms'],
  [milliseconds, 999.7, '1.00 s'],
  [milliseconds, 1_240, '1.24 s'],
  [milliseconds, 125_000, '2 min'],
  [milliseconds, null, '–'],
  [duration, 45.9, '45 s'],
  [duration, 60, '1 min'],
  [duration, 11_100, '3 h 5 min'],
  [duration, 190_000, '2 d 4 h'],
  [duration, -1, '0 s'],
  [percent, 0.254, '25 %'],
  [percent, undefined, '–'],
])('%p writes %p as %p', (write, value, text) => {
  expect((write as (value: unknown) => string)(value)).toBe(text);
});

it('adds an s for any other number than one', () => {
  expect([0, 1, 2_000].map((amount) => plural(amount, 'client'))).toEqual([
    '0 clients',
    '1 client',
    '2,000 clients',
  ]);
});
