import { FakeClock } from '../../test/support/fake-clock.js';
import { LogLevel } from './log-level.js';

function start() {
  const clock = new FakeClock();
  const set: string[] = [];
  const level = new LogLevel({ clock, configured: 'info', set: (name) => set.push(name) });
  return { clock, set, level };
}

it('changes for a limited time, and is the configured one afterwards', () => {
  const { clock, set, level } = start();
  level.change('debug', 60_000);
  expect([level.current, level.configured, level.until]).toEqual(['debug', 'info', clock.wallNow() + 60_000]);
  clock.advance(60_000);
  expect([level.current, level.until, set]).toEqual(['info', undefined, ['debug', 'info']]);
  expect(clock.pending).toBe(0);
});

it('another change replaces the one before, with its time', () => {
  const { clock, level } = start();
  level.change('debug', 10_000);
  level.change('trace', 60_000);
  clock.advance(10_000);
  expect(level.current).toBe('trace');
  clock.advance(50_000);
  expect(level.current).toBe('info');
});

it('ends at once if it is reset', () => {
  const { clock, set, level } = start();
  level.change('silent', 60_000);
  level.reset();
  expect([level.current, set, clock.pending]).toEqual(['info', ['silent', 'info'], 0]);
});

it('a new configured level does not end a change, and applies afterwards', () => {
  const { clock, set, level } = start();
  level.change('debug', 60_000);
  level.configure('warn');
  expect(level.current).toBe('debug');
  clock.advance(60_000);
  expect([level.current, set.at(-1)]).toEqual(['warn', 'warn']);
});
