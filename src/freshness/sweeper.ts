import type { Clock, Timer } from '../common/clock.js';

export interface SweeperOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Between two sweeps, ms. */
  readonly intervalMs: number;
  /** ... and where the last one left something to do, ms. */
  readonly backlogMs: number;
  /** A sweep that comes this much too late finds a process that was held up, ms. */
  readonly heldUpMs: number;
  /** Answers whether it left something to do. */
  readonly sweep: () => boolean;
}

/** Calls `sweep` every now and then: one timer, whatever it is for. */
export class Sweeper {
  private timer: Timer | undefined;
  private excused = false;

  constructor(private readonly options: SweeperOptions) {}

  start(): void {
    this.schedule(this.options.intervalMs);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private schedule(waitMs: number): void {
    const dueAt = this.options.clock.now() + waitMs;
    this.timer = this.options.clock.after(waitMs, () => this.run(dueAt));
  }

  private run(dueAt: number): void {
    const { clock, intervalMs, backlogMs, heldUpMs, sweep } = this.options;
    // What came while the process stood still waits behind this timer to be read: it is for the next sweep to judge. Only
    // once in a row, for a process that is always late must go on sweeping.
    this.excused = !this.excused && clock.now() - dueAt >= heldUpMs;
    this.schedule(!this.excused && sweep() ? backlogMs : intervalMs);
  }
}
