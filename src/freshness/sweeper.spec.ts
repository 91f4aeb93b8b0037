import type { Clock } from '../common/clock.js';
import { Sweeper } from './sweeper.js';

function setUp(sweep: () => boolean) {
  let now = 0;
  let due: { readonly at: number; readonly task: () => void } | undefined;
  const clock: Pick<Clock, 'now' | 'after'> = {
    now: () => now,
    after: (ms, task) => {
      if (due) throw new Error('a second timer');
      due = { at: now + ms, task };
      return { cancel: () => (due = undefined) };
    },
  };
  const sweeper = new Sweeper({ clock, intervalMs: 1_000, backlogMs: 100, heldUpMs: 5_000, sweep });
  return {
    sweeper,
    /** Runs the timer `lateMs` after it was due. Returns the time. */
    turn: (lateMs = 0) => {
      const { at, task } = due ?? { at: -1, task: () => undefined };
      due = undefined;
      now = at + lateMs;
      task();
      return now;
    },
    waiting: () => due !== undefined,
  };
}

describe('Sweeper', () => {
  it('sweeps every interval, sooner if work is left, and not after it was stopped', () => {
    const answers = [false, true, true, false, false];
    const swept: number[] = [];
    const { sweeper, turn, waiting } = setUp(() => answers.shift() ?? false);
    sweeper.start();
    for (let i = 0; i < 5; i++) swept.push(turn());
    expect(swept).toEqual([1_000, 2_000, 2_100, 2_200, 3_200]);
    expect(answers).toEqual([]);
    sweeper.stop();
    expect(waiting()).toBe(false);
  });

  it('skips one sweep after the process was suspended, but never two in a row', () => {
    const sweep = jest.fn(() => false);
    const { sweeper, turn } = setUp(sweep);
    sweeper.start();
    turn(4_999);
    expect(sweep).toHaveBeenCalledTimes(1);
    turn(5_000);
    expect(sweep).toHaveBeenCalledTimes(1);
    turn();
    expect(sweep).toHaveBeenCalledTimes(2);
    turn(5_000);
    turn(5_000);
    expect(sweep).toHaveBeenCalledTimes(3);
  });
});
