import type { Clock, Timer } from '../common/clock.js';

/**
 * The most of a CPU core that flushes use. The rest is for the feed and for requests. With more,
 * latency would gain less than each write costs.
 */
const SHARE = 0.72;
/**
 * Debt that does not delay the next flush, ms. Flushes that use less than their share of a core on
 * average never wait, even if several messages arrive in quick succession.
 */
const FREE_DEBT_MS = 40;

/**
 * Decides when to flush. Each flush adds its CPU time, divided by {@link SHARE}, to a debt, which
 * passing time pays. A message waits only while the debt is above {@link FREE_DEBT_MS}. So the
 * gateway flushes at once until flushes use their share of a core, and beyond that each flush
 * carries as many messages as keep them there.
 */
export class Pacer {
  /** When the last flush was requested, ms of the clock. */
  requestedAt = -Infinity;
  private timer: Timer | undefined;
  /** When the debt of all flushes so far is paid, ms of the clock. */
  private paidAt = -Infinity;

  /**
   * @param flush is called when it is time to flush
   * @param maxDelayMs the longest time that a message waits for the debt to be paid
   */
  constructor(
    private readonly clock: Clock,
    private readonly maxDelayMs: number,
    private readonly flush: () => void,
  ) {}

  /** Requests a flush. Further requests before it share it. */
  request(): void {
    if (this.timer) return;
    this.requestedAt = this.clock.now();
    const wait = Math.min(this.paidAt - FREE_DEBT_MS - this.requestedAt, this.maxDelayMs);
    const run = (): void => {
      this.timer = undefined;
      this.flush();
    };
    this.timer = wait < 1 ? this.clock.soon(run) : this.clock.after(wait, run);
  }

  /**
   * Adds a flush to the debt. CPU time that other processes used during the flush reduces the debt
   * instead of adding to it, because it has already delayed the clients once.
   * @param started when the flush began, ms of the clock
   * @param costMs the CPU time that it used
   */
  paid(started: number, costMs: number): void {
    const paidAt = Math.max(this.paidAt, started) + costMs / SHARE;
    this.paidAt = Math.min(paidAt, this.clock.now() + this.maxDelayMs + FREE_DEBT_MS);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}
