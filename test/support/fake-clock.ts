import type { CpuClock, Timer } from '../../src/common/clock.js';

interface Task {
  readonly at: number;
  readonly run: () => void;
}

/** A clock whose time moves only when a test advances it. */
export class FakeClock implements CpuClock {
  private time = 0;
  private worked = 0;
  private immediates = new Set<Task>();
  private readonly timers = new Set<Task>();

  /** The tasks that have not run yet. */
  get pending(): number {
    return this.immediates.size + this.timers.size;
  }

  now(): number {
    return this.time;
  }

  /** Advances with the monotonic time, from an arbitrary epoch. */
  wallNow(): number {
    return Date.UTC(2026, 0, 5) + this.time;
  }

  cpu(): number {
    return this.worked;
  }

  soon(run: () => void): Timer {
    return enter(this.immediates, { at: this.time, run });
  }

  after(ms: number, run: () => void): Timer {
    return enter(this.timers, { at: this.time + ms, run });
  }

  /** Passes time in which the process is busy, so that nothing else runs. */
  work(ms: number): void {
    this.time += ms;
    this.worked += ms;
  }

  /**
   * Runs the tasks that are due at once, but not the tasks those add. Returns how many tasks ran.
   */
  turn(): number {
    const due = this.immediates;
    const tasks = due.size;
    this.immediates = new Set();
    for (const task of due) {
      due.delete(task);
      task.run();
    }
    return tasks;
  }

  /** Passes time in an idle process. */
  advance(ms: number): void {
    const until = this.time + ms;
    for (let turns = 0; ;) {
      for (; this.immediates.size > 0; turns++) {
        if (turns > 10_000) throw new Error('a task is due again and again');
        this.turn();
      }
      const [next] = [...this.timers].sort((a, b) => a.at - b.at);
      if (!next || next.at > until) break;
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = Math.max(this.time, until);
  }
}

function enter(tasks: Set<Task>, task: Task): Timer {
  tasks.add(task);
  return { cancel: () => tasks.delete(task) };
}
