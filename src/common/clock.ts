/** The time and timers of the service. Tests replace it with a clock that they control. */
export interface Clock {
  /** Monotonic time, ms, for durations and deadlines. */
  readonly now: () => number;
  /** Wall-clock time, ms since the epoch, for comparisons with the times of other machines. */
  readonly wallNow: () => number;
  /** Runs `task` after the pending events, and so after all messages of one read from the feed. */
  soon(task: () => void): Timer;
  /** Runs `task` once, `ms` from now. */
  after(ms: number, task: () => void): Timer;
}

/** Nest token of the {@link Clock}. */
export const CLOCK = Symbol('CLOCK');

/** A clock that also measures the CPU time of this process. */
export interface CpuClock extends Clock {
  /** CPU time that this process has used, ms. */
  cpu(): number;
}

export interface Timer {
  cancel(): void;
  /**
   * Lets the process exit while the timer is pending. The clocks of tests do not have this method.
   */
  unref?(): void;
}

/** Resolves after `ms` by the given clock, or as soon as `signal` is aborted. */
export function delay(clock: Pick<Clock, 'after'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.after(ms, finish);
    signal?.addEventListener('abort', finish);
  });
}

export const systemClock: CpuClock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
  soon: (task) => {
    const handle = setImmediate(task);
    return { cancel: () => clearImmediate(handle), unref: () => void handle.unref() };
  },
  after: (ms, task) => {
    const handle = setTimeout(task, ms);
    return { cancel: () => clearTimeout(handle), unref: () => void handle.unref() };
  },
};
