/** The time and timers; tests replace it by a clock that they turn by hand. */
export interface Clock {
  /** Monotonic time, ms: for durations and deadlines. */
  readonly now: () => number;
  /** Wall-clock time, ms since the epoch: for what is compared with other machines' times. */
  readonly wallNow: () => number;
  /** Runs `task` after the pending events: soon for a human, and after all messages of one read from the feed. */
  soon(task: () => void): Timer;
  /** Runs `task` once, `ms` from now. */
  after(ms: number, task: () => void): Timer;
}

/** Nest token of the {@link Clock}. */
export const CLOCK = Symbol('CLOCK');

/** A clock that also tells how busy the process was. */
export interface CpuClock extends Clock {
  /** CPU time that this process has used, ms. */
  cpu(): number;
}

export interface Timer {
  cancel(): void;
  /** Lets the process end although the timer is still pending; missing on the clocks of tests. */
  unref?(): void;
}

/** Resolves `ms` from now, by the given clock; at once when `signal` is aborted. */
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
