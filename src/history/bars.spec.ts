import { barEntry, barOf, barsOf, combineBars, MINUTE_MS } from './bars.js';

const price = (ms: number, value: number) => ({
  ms,
  seq: 0,
  value: JSON.stringify({ price: value }),
  gap: false,
});

it('combines the prices of each minute', () => {
  const bars = barsOf([
    price(0, 5),
    price(59_999, 3),
    price(60_000, 7),
    price(200_000, 1),
    price(200_001, 2),
  ]);
  expect(bars).toEqual([
    { start: 0, open: 5, high: 5, low: 3, close: 3, count: 2 },
    { start: 60_000, open: 7, high: 7, low: 7, close: 7, count: 1 },
    { start: 180_000, open: 1, high: 2, low: 1, close: 2, count: 2 },
  ]);
  expect(barsOf([])).toEqual([]);
});

it('combines bars to the same bars of a longer period as the prices would', () => {
  const prices = Array.from({ length: 500 }, (_, n) => price(n * 7_001, (n * 7_919) % 101));
  const direct = new Map<number, number[]>();
  for (const { ms, value } of prices) {
    const start = Math.floor(ms / (5 * MINUTE_MS)) * 5 * MINUTE_MS;
    direct.set(start, [...(direct.get(start) ?? []), (JSON.parse(value) as { price: number }).price]);
  }
  const expected = [...direct].map(([start, values]) => ({
    start,
    open: values[0],
    high: Math.max(...values),
    low: Math.min(...values),
    close: values.at(-1),
    count: values.length,
  }));
  expect(combineBars(barsOf(prices), 5 * MINUTE_MS)).toEqual(expected);
});

it('stores a bar and reads it again', () => {
  const bar = { start: 120_000, open: 1, high: 2.5, low: 0.25, close: 2, count: 60 };
  expect(barOf({ ...barEntry(bar), gap: false })).toEqual([bar]);
});

it('skips entries that are not of this form', () => {
  for (const value of ['', 'null', '{}', '[1,2]', '["1",2,3,4,5]', '{"price":"1"}']) {
    expect(barOf({ ms: 0, seq: 0, value, gap: false })).toEqual([]);
    expect(barsOf([{ ms: 0, seq: 0, value, gap: false }])).toEqual([]);
  }
});
