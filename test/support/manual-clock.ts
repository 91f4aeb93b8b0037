import type { Clock, Timer } from '../../src/common/clock.js';

/** A clock whose time moves only when a test advances it. */
export class ManualClock implements Clock {
  private time = 1_000;
  private readonly timers = new Set<{ at: number; task: () => void }>();

  now(): number {
    return this.time;
  }

  /** Advances with the monotonic time, from an arbitrary epoch. */
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

  /** The timers that have not run yet. */
  get pending(): number {
    return this.timers.size;
  }

  /** Advances the time by `ms`, and runs each timer at its time. */
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

  /** Advances the time while something runs, so that no timer can run. */
  stall(ms: number): void {
    this.time += ms;
  }
}

/** A fixed sequence of numbers from 0 up to 1. */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
