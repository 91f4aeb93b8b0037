/** Time and timers, so that tests can turn them by hand. */
export interface Clock {
  /** Monotonic, ms. */
  now(): number;
  /** Runs `task` behind the events at hand: at once for a human, after all messages of one read of the feed. */
  soon(task: () => void): Timer;
  after(ms: number, task: () => void): Timer;
}

/** A clock that also tells how busy the process was. */
export interface CpuClock extends Clock {
  /** Processor time this process has used, ms. */
  cpu(): number;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: CpuClock = {
  now: () => performance.now(),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
  soon: (task) => {
    const handle = setImmediate(task);
    return { cancel: () => clearImmediate(handle) };
  },
  after: (ms, task) => {
    const handle = setTimeout(task, ms);
    return { cancel: () => clearTimeout(handle) };
  },
};
