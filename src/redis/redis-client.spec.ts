import { backoffMs, describeRedisError } from './redis-client.js';

describe('backoffMs', () => {
  it('grows exponentially to a ceiling and never gives up', () => {
    expect([1, 2, 3, 4, 10, 1_000_000].map((attempt) => backoffMs(attempt, () => 1))).toEqual([
      100, 200, 400, 800, 5_000, 5_000,
    ]);
  });

  it('spreads the replicas over half of each step', () => {
    expect(backoffMs(10, () => 0)).toBe(2_500);
  });
});

describe('describeRedisError', () => {
  it('says what failed without the password', () => {
    expect(describeRedisError(new Error('connect redis://:pw@host failed'))).toBe(
      'connect redis://***@host failed',
    );
  });

  it('finds the causes of a host with several addresses, whose error has no message', () => {
    const error = new AggregateError([
      new Error('ECONNREFUSED ::1:6379'),
      new Error('ECONNREFUSED 127.0.0.1:6379'),
    ]);
    expect(describeRedisError(error)).toBe('ECONNREFUSED ::1:6379; ECONNREFUSED 127.0.0.1:6379');
  });
});
