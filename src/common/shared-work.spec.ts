import { ManualClock } from '../../test/support/manual-clock.js';
import { SharedWork } from './shared-work.js';

/** Work of 10 ms, whose result is the ordinal of its run. */
function setUp() {
  const clock = new ManualClock();
  let runs = 0;
  const ends: (() => void)[] = [];
  const shared = new SharedWork(clock, () => {
    const ordinal = ++runs;
    return new Promise<number>((resolve) => ends.push(() => resolve(ordinal)));
  });
  const end = async () => {
    clock.stall(10);
    ends.shift()!();
    await settle();
  };
  return { clock, shared, end, runs: () => runs };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('SharedWork', () => {
  it('runs once for all callers of one turn, and immediately if it has rested', async () => {
    const { shared, end, runs } = setUp();
    const results = [shared.run(), shared.run(), shared.run()];
    await settle();
    expect(runs()).toBe(1);
    await end();
    expect(await Promise.all(results)).toEqual([1, 1, 1]);
  });

  it('gives a caller that arrives during a run the result of the next run', async () => {
    const { clock, shared, end, runs } = setUp();
    const first = shared.run();
    await settle();
    const later = [shared.run(), shared.run()];
    await end();
    expect([await first, runs()]).toEqual([1, 1]);
    clock.advance(29);
    await settle();
    expect(runs()).toBe(1);
    clock.advance(1);
    await settle();
    await end();
    expect(await Promise.all(later)).toEqual([2, 2]);
  });

  it('rejects for every caller of a failed run, and runs again for the next caller', async () => {
    let fails = true;
    const shared = new SharedWork(new ManualClock(), () =>
      fails ? Promise.reject(new Error('no')) : Promise.resolve('yes'),
    );
    const results = await Promise.allSettled([shared.run(), shared.run()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await shared.run()).toBe('yes');
  });
});
