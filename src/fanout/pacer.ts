import type { Clock, Timer } from '../common/clock.js';

/**
 * Pause after a cheap flush, in multiples of its CPU time: flushes then use a quarter of a core.
 */
const CHEAP_REST = 3;
/** Limit of that pause, ms: a delay of this length is not noticeable to a person. */
const UNSEEN_REST_MS = 25;
/** Shortest pause, in multiples of CPU time: expensive flushes then use half a core. */
const DEAR_REST = 1;
/**
 * Debt that does not delay the next flush, ms. It allows one or two flushes in a row. Without it,
 * the second of two messages in quick succession would be delayed even on an idle gateway.
 */
const FREE_DEBT_MS = 40;

/**
 * Decides when to flush. An idle gateway flushes at once. Each flush adds its CPU time and a pause
 * to a debt of time. While the debt is above {@link FREE_DEBT_MS}, messages wait, so that expensive
 * flushes carry more messages each.
 */
export class Pacer {
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
    const wait = Math.min(this.paidAt - FREE_DEBT_MS - this.clock.now(), this.maxDelayMs);
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
    const rest = Math.max(Math.min(costMs * CHEAP_REST, UNSEEN_REST_MS), costMs * DEAR_REST);
    const paidAt = Math.max(this.paidAt, started) + costMs + rest;
    this.paidAt = Math.min(paidAt, this.clock.now() + this.maxDelayMs + FREE_DEBT_MS);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}
