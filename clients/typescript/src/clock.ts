/** Time and timers, so that tests can turn them by hand. */
export interface Clock {
  /** Monotonic, ms. */
  now(): number;
  after(ms: number, task: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, task) => {
    const handle = setTimeout(task, ms);
    return { cancel: () => clearTimeout(handle) };
  },
};
