import { messageOf } from '../common/message-of.js';
import { RateLimitedLog } from './rate-limited-log.js';

it('logs each kind once per interval, with the number of suppressed faults', () => {
  const lines: [object, string][] = [];
  let now = 0;
  const log = new RateLimitedLog(
    { warn: (fields, message) => void lines.push([fields, message]) },
    () => now,
    1_000,
  );
  for (let i = 0; i < 5; i++) log.warn('a', 'bad_a', { i });
  log.warn('b', 'bad_b');
  now = 1_000;
  log.warn('a', 'bad_a', { i: 5 });
  expect(lines).toEqual([
    [{ i: 0, suppressed: 0 }, 'bad_a'],
    [{ suppressed: 0 }, 'bad_b'],
    [{ i: 5, suppressed: 4 }, 'bad_a'],
  ]);
});

it('describes any thrown value as text', () => {
  expect([new Error('x'), 'y', 3, null].map(messageOf)).toEqual(['x', 'y', '3', 'null']);
});
