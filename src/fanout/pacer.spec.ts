import { FakeClock } from '../../test/support/fake-clock.js';
import { Pacer } from './pacer.js';

const MAX_DELAY = 100;

/** A pacer whose flushes use `costMs` of CPU time each. */
function setUp(costMs = 0) {
  const clock = new FakeClock();
  const flushes: number[] = [];
  const pacer = new Pacer(clock, MAX_DELAY, () => {
    clock.work(costMs);
    flushes.push(clock.now());
    pacer.paid(clock.now() - costMs, costMs);
  });
  /** How long a message that arrives now waits until its flush begins, ms. */
  const wait = () => {
    const asked = clock.now();
    const before = flushes.length;
    pacer.request();
    while (flushes.length === before) clock.advance(1);
    return flushes.at(-1)! - costMs - asked;
  };
  return { clock, flushes, pacer, wait };
}

describe('Pacer', () => {
  it('flushes in the same turn if the gateway is idle', () => {
    const { clock, flushes, pacer } = setUp();
    pacer.request();
    expect(flushes).toEqual([]);
    clock.turn();
    expect(flushes).toEqual([0]);
  });

  it('flushes once for all requests before the flush', () => {
    const { clock, flushes, pacer } = setUp();
    pacer.request();
    pacer.request();
    clock.advance(MAX_DELAY);
    expect(flushes).toHaveLength(1);
  });

  it('allows a second cheap flush without a delay', () => {
    const { wait } = setUp(4);
    expect([wait(), wait()]).toEqual([0, 0]);
  });

  it('waits longer if flushes are more expensive', () => {
    const [cheap, dear] = [50, 60].map((costMs) => {
      const { wait } = setUp(costMs);
      wait();
      return wait();
    });
    expect(cheap).toBeGreaterThan(0);
    expect(dear).toBeGreaterThan(cheap!);
  });

  it('waits longer if earlier flushes have left more debt', () => {
    const { wait } = setUp(30);
    wait();
    const second = wait();
    expect(wait()).toBeGreaterThan(second);
  });

  it('never delays a message beyond the limit, however expensive flushes are', () => {
    const { wait } = setUp(10_000);
    wait();
    expect([wait(), wait()]).toEqual([MAX_DELAY, MAX_DELAY]);
  });

  it('deducts the time that other processes used during a flush from the debt', () => {
    const { clock, pacer, wait } = setUp();
    clock.advance(1_000);
    pacer.paid(clock.now() - 90, 30);
    expect(wait()).toBe(0);
    pacer.paid(clock.now() - 30, 30);
    expect(wait()).toBeGreaterThan(0);
  });

  it('flushes without a delay again once the debt is paid', () => {
    const { clock, wait } = setUp(10_000);
    wait();
    clock.advance(MAX_DELAY);
    expect(wait()).toBe(0);
  });

  it('accumulates no credit while idle', () => {
    const { clock, wait } = setUp(20);
    wait();
    const delay = wait();
    clock.advance(60_000);
    wait();
    expect(wait()).toBe(delay);
  });

  it('does not flush after it is stopped', () => {
    const { clock, flushes, pacer } = setUp();
    pacer.request();
    pacer.stop();
    expect(clock.pending).toBe(0);
    clock.advance(MAX_DELAY);
    expect(flushes).toEqual([]);
  });
});
