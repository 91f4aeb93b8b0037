import type { Clock, Timer } from '../common/clock.js';

export interface SweeperOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Time between two sweeps, ms. */
  readonly intervalMs: number;
  /** Time until the next sweep if the last one did not finish its work, ms. */
  readonly backlogMs: number;
  /** A sweep that is this late shows that the process was suspended, ms. */
  readonly heldUpMs: number;
  /** Runs one sweep. Returns whether work is left. */
  readonly sweep: () => boolean;
}

/** Calls `sweep` periodically, with one timer. */
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
    // After a suspension this timer runs before the data that arrived meanwhile is read, so skip
    // one sweep. Never skip two in a row, because a process that is always late must still sweep.
    this.excused = !this.excused && clock.now() - dueAt >= heldUpMs;
    this.schedule(!this.excused && sweep() ? backlogMs : intervalMs);
  }
}
