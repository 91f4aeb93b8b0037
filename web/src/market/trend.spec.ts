import { Trend, trendPath } from './trend.js';

it('keeps the whole session in a bounded number of points', () => {
  const trend = new Trend();
  for (let second = 0; second < 20_000; second++) trend.add(second * 1_000, second);
  expect(trend.points.length).toBeLessThanOrEqual(240);
  expect(trend.points.length).toBeGreaterThan(100);
  expect(trend.points[0]).toEqual({ at: 0, price: 0 });
  expect(trend.points.at(-1)).toEqual({ at: 19_999_000, price: 19_999 });
});

it('replaces the last point within a second, and leaves out older prices', () => {
  const trend = new Trend();
  for (const [at, price] of [
    [0, 1],
    [1_000, 2],
    [1_100, 3],
    [1_200, 4],
    [500, 9],
  ] as const)
    trend.add(at, price);
  expect(trend.points.at(-1)).toEqual({ at: 1_200, price: 4 });
  expect(trend.points.map(({ price }) => price)).not.toContain(9);
});

it('joins the past with the live prices that came meanwhile', () => {
  const trend = new Trend();
  trend.add(60_000, 3);
  trend.add(120_000, 4);
  trend.restart([
    { at: 0, price: 1 },
    { at: 60_000, price: 2 },
  ]);
  expect(trend.points.map(({ price }) => price)).toEqual([1, 2, 4]);
});

it('draws the highest price at the top, and the reference within the range', () => {
  const points = [
    { at: 0, price: 10 },
    { at: 50, price: 30 },
    { at: 100, price: 20 },
  ];
  expect(trendPath(points, 100, 22, 20)).toEqual({ d: 'M0.0 21.0L50.0 1.0L100.0 11.0', baseline: 11 });
  expect(trendPath(points, 100, 22, 50).baseline).toBe(1);
});

it('draws a line for one price, and nothing without one', () => {
  expect(trendPath([{ at: 5, price: 1 }], 10, 20)).toEqual({ d: 'M0 10.0H10', baseline: undefined });
  expect(trendPath([], 10, 20)).toEqual({ d: '', baseline: undefined });
});
