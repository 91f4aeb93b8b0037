import { Random } from './random.js';

it.each([0, 0.01, 0.7, 5, 29, 200])('counts what happens %s times on average', (mean) => {
  const random = new Random(7);
  const counts = Array.from({ length: 20_000 }, () => random.poisson(mean));
  const average = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - average) ** 2, 0) / counts.length;
  // Five standard errors.
  expect(Math.abs(average - mean)).toBeLessThanOrEqual(5 * Math.sqrt(mean / counts.length));
  expect(variance).toBeGreaterThanOrEqual(0.85 * mean);
  expect(variance).toBeLessThanOrEqual(1.15 * mean);
  expect(counts.every((count) => Number.isInteger(count) && count >= 0)).toBe(true);
});
