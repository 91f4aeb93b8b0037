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

/**
 * Publishes a message every `everyMs` for 20 s. A flush costs `flushMs`, and `messageMs` more for
 * each message. Returns, for the last 10 s, how long the oldest message of each flush waited, in
 * ms, and the share of the time that flushes took.
 */
function simulate(everyMs: number, flushMs: number, messageMs = 0) {
  const clock = new FakeClock();
  const waits: number[] = [];
  const queued: number[] = [];
  let used = 0;
  const pacer = new Pacer(clock, MAX_DELAY, () => {
    const started = clock.now();
    const cost = flushMs + messageMs * queued.length;
    if (started >= 10_000) {
      waits.push(started - queued[0]!);
      used += cost;
    }
    queued.length = 0;
    clock.work(cost);
    pacer.paid(started, cost);
  });
  for (let next = 0; clock.now() < 20_000; clock.advance(0.5)) {
    for (; next <= clock.now(); next += everyMs) {
      queued.push(next);
      pacer.request();
    }
  }
  const sorted = waits.toSorted((a, b) => a - b);
  return { shortest: sorted[0]!, longest: sorted.at(-1)!, share: used / 10_000 };
}

describe('Pacer under a constant load', () => {
  it.each([
    [100, 60],
    [125, 8],
    [10, 6.5],
    [2.5, 1.5],
  ])(
    'lets no message wait while flushes need less than 0.72 of a core: every %f ms, %f ms',
    (every, flush) => {
      const { longest, share } = simulate(every, flush);
      expect(longest).toBeLessThanOrEqual(1); // what the simulation cannot resolve
      expect(share).toBeCloseTo(flush / every, 1);
    },
  );

  it.each([
    [10, 8, 0],
    [2.5, 7, 0],
    [1, 7, 0.1],
    [0.5, 20, 0.2],
    [100, 95, 0],
  ])(
    'holds flushes at 0.72 of a core if they would need more: every %f ms, %f + %f ms',
    (every, flush, one) => {
      const { shortest, longest, share } = simulate(every, flush, one);
      expect(share).toBeGreaterThan(0.67);
      expect(share).toBeLessThan(0.77);
      // In the steady state, a flush carries the messages of one flush and its pause.
      const period = flush / (0.72 - one / every);
      expect(longest).toBeLessThanOrEqual(period + every + 1);
      // Flushes do not alternate between many messages and few.
      expect(longest - shortest).toBeLessThanOrEqual(0.25 * period + every);
    },
  );

  it.each([
    [100, 340],
    [10, 500],
  ])(
    'never lets a message wait longer than the limit, however large the load: every %f ms, %f ms',
    (every, flush) => {
      const { longest, share } = simulate(every, flush);
      expect(longest).toBeLessThanOrEqual(MAX_DELAY + flush);
      expect(share).toBeGreaterThan(0.72);
    },
  );
});

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
    const [cheap, dear] = [150, 180].map((costMs) => {
      const { wait } = setUp(costMs);
      wait();
      return wait();
    });
    expect(cheap).toBeGreaterThan(0);
    expect(dear).toBeGreaterThan(cheap!);
  });

  it('waits longer if earlier flushes have left more debt', () => {
    const { wait } = setUp(150);
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
    pacer.paid(clock.now() - 400, 150);
    expect(wait()).toBe(0);
    pacer.paid(clock.now() - 150, 150);
    expect(wait()).toBeGreaterThan(0);
  });

  it('flushes without a delay again once the debt is paid', () => {
    const { clock, wait } = setUp(10_000);
    wait();
    clock.advance(MAX_DELAY);
    expect(wait()).toBe(0);
  });

  it('accumulates no credit while idle', () => {
    const { clock, wait } = setUp(150);
    wait();
    const delay = wait();
    expect(delay).toBeGreaterThan(0);
    clock.advance(60_000);
    wait();
    expect(wait()).toBeCloseTo(delay);
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
