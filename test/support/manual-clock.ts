import type { Clock, Timer } from '../../src/common/clock.js';

/** A clock that stands until it is turned. */
export class ManualClock implements Clock {
  private time = 1_000;
  private readonly timers = new Set<{ at: number; task: () => void }>();

  now(): number {
    return this.time;
  }

  /** Moves with the monotonic time, from an epoch of its own. */
  wallNow(): number {
    return Date.UTC(2026, 0, 5) + this.time;
  }

  soon(task: () => void): Timer {
    return this.after(0, task);
  }

  after(ms: number, task: () => void): Timer {
    const timer = { at: this.time + ms, task };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  /** Timers not run yet. */
  get pending(): number {
    return this.timers.size;
  }

  /** Lets `ms` go by, and runs each timer at its time. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.task();
    }
    this.time = end;
  }

  /** Time goes by while something runs: no timer gets its turn. */
  stall(ms: number): void {
    this.time += ms;
  }
}

/** Numbers from 0 up to 1, the same each time. */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
