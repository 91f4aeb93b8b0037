/** Time and timers, which tests can control. */
export interface Clock {
  /** Monotonic time, in ms. */
  now(): number;
  after(ms: number, task: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, task) => {
    // A longer timer would run at once.
    const handle = setTimeout(task, Math.min(ms, MAX_TIMER_MS));
    return { cancel: () => clearTimeout(handle) };
  },
};
