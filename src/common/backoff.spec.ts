import { backoffMs } from './backoff.js';

describe('backoffMs', () => {
  it('grows exponentially to a ceiling and never gives up', () => {
    expect([1, 2, 3, 4, 10, 1_000_000].map((attempt) => backoffMs(attempt, 100, () => 1))).toEqual([
      100, 200, 400, 800, 2_000, 2_000,
    ]);
  });

  it('spreads the retries of replicas over half of each step', () => {
    expect(backoffMs(10, 100, () => 0)).toBe(1_000);
  });
});
