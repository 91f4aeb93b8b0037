import type { Clock, Timer } from '../common/clock.js';

/** Rest after a flush, as a multiple of what it cost: cheap flushes take a quarter of a core ... */
const CHEAP_REST = 3;
/** ... for as long as that makes messages wait no longer than this, ms, which nobody sees; ... */
const UNSEEN_REST_MS = 25;
/** ... dearer ones take half a core. */
const DEAR_REST = 1;
/**
 * Debt that need not be paid before the next flush, ms: one or two flushes in a row go out at once. Without it, each of
 * two messages that happen to follow one another would be delayed on a gateway that is idle otherwise.
 */
const FREE_DEBT_MS = 40;

/**
 * Decides when to flush. An idle gateway flushes at once. Each flush makes a debt of time by what it cost; while
 * more than a little is owed, messages collect, so that the dearer flushes are, the more messages each one carries.
 */
export class Pacer {
  private timer: Timer | undefined;
  /** When the flushes so far are paid for, ms of the clock. */
  private paidAt = -Infinity;

  /**
   * @param flush is called when it is time
   * @param maxDelayMs the longest a message waits for the debt to be paid
   */
  constructor(
    private readonly clock: Clock,
    private readonly maxDelayMs: number,
    private readonly flush: () => void,
  ) {}

  /** There is something to flush. */
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
   * A flush that began at `started` has cost this much processor time, ms. Time that other processes took in between
   * counts as time to pay in, not as cost: it is not to slow clients down twice.
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
