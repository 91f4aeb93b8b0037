import { FakeClock } from '../../test/support/fake-clock.js';
import { Pacer } from './pacer.js';

const MAX_DELAY = 100;

/** A pacer whose flushes cost `costMs` each. */
function setUp(costMs = 0) {
  const clock = new FakeClock();
  const flushes: number[] = [];
  const pacer = new Pacer(clock, MAX_DELAY, () => {
    clock.work(costMs);
    flushes.push(clock.now());
    pacer.paid(clock.now() - costMs, costMs);
  });
  /** How long a message that comes now waits for its flush to begin, ms. */
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
  it('flushes an idle gateway in the same turn', () => {
    const { clock, flushes, pacer } = setUp();
    pacer.request();
    expect(flushes).toEqual([]);
    clock.turn();
    expect(flushes).toEqual([0]);
  });

  it('flushes once for all that is requested meanwhile', () => {
    const { clock, flushes, pacer } = setUp();
    pacer.request();
    pacer.request();
    clock.advance(MAX_DELAY);
    expect(flushes).toHaveLength(1);
  });

  it('lets one cheap flush follow another at once', () => {
    const { wait } = setUp(4);
    expect([wait(), wait()]).toEqual([0, 0]);
  });

  it('waits the longer the dearer flushes are', () => {
    const [cheap, dear] = [50, 60].map((costMs) => {
      const { wait } = setUp(costMs);
      wait();
      return wait();
    });
    expect(cheap).toBeGreaterThan(0);
    expect(dear).toBeGreaterThan(cheap!);
  });

  it('waits the longer the more is owed from flushes before', () => {
    const { wait } = setUp(30);
    wait();
    const second = wait();
    expect(wait()).toBeGreaterThan(second);
  });

  it('makes no message wait longer than the limit, however dear flushes are', () => {
    const { wait } = setUp(10_000);
    wait();
    expect([wait(), wait()]).toEqual([MAX_DELAY, MAX_DELAY]);
  });

  it('takes the time that others took during a flush as time to pay in', () => {
    const { clock, pacer, wait } = setUp();
    clock.advance(1_000);
    pacer.paid(clock.now() - 90, 30);
    expect(wait()).toBe(0);
    pacer.paid(clock.now() - 30, 30);
    expect(wait()).toBeGreaterThan(0);
  });

  it('flushes at once again when the debt is paid', () => {
    const { clock, wait } = setUp(10_000);
    wait();
    clock.advance(MAX_DELAY);
    expect(wait()).toBe(0);
  });

  it('saves nothing up while idle', () => {
    const { clock, wait } = setUp(20);
    wait();
    const delay = wait();
    clock.advance(60_000);
    wait();
    expect(wait()).toBe(delay);
  });

  it('flushes nothing after its stop', () => {
    const { clock, flushes, pacer } = setUp();
    pacer.request();
    pacer.stop();
    expect(clock.pending).toBe(0);
    clock.advance(MAX_DELAY);
    expect(flushes).toEqual([]);
  });
});
