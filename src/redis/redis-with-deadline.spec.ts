import type { Redis } from 'ioredis';
import { ManualClock } from '../../test/support/manual-clock.js';
import { RedisWithDeadline } from './redis-with-deadline.js';

function setUp(status = 'ready') {
  const clock = new ManualClock();
  const faults: unknown[] = [];
  const redis = new RedisWithDeadline({ status } as unknown as Redis, clock, (error) => faults.push(error));
  let asked = 0;
  const ask = (answer: () => Promise<string>) =>
    redis.ask(() => {
      asked++;
      return answer();
    });
  return { clock, faults, ask, asked: () => asked };
}

it('returns the reply', async () => {
  const { ask, clock } = setUp();
  expect(await ask(() => Promise.resolve('yes'))).toBe('yes');
  expect(clock.pending).toBe(0);
});

it('sends no command without a connection', async () => {
  const { ask, asked, faults } = setUp('reconnecting');
  expect(await ask(() => Promise.resolve('yes'))).toBeUndefined();
  expect([asked(), faults]).toEqual([0, []]);
});

it('times out after a quarter of a second, and then sends no command for a second', async () => {
  const { ask, asked, clock, faults } = setUp();
  const answer = ask(() => new Promise(() => undefined));
  clock.advance(250);
  expect(await answer).toBeUndefined();
  expect(faults).toHaveLength(1);
  expect(await ask(() => Promise.resolve('yes'))).toBeUndefined();
  expect(asked()).toBe(1);
  clock.advance(1_000);
  expect(await ask(() => Promise.resolve('yes'))).toBe('yes');
});

it('never rejects', async () => {
  const { ask, faults } = setUp();
  expect(await ask(() => Promise.reject(new Error('OOM')))).toBeUndefined();
  expect(faults).toEqual([new Error('OOM')]);
});
