import { describeRedisError } from './redis-client.js';

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
