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

/**
 * Runs a task after the code that runs now. It uses a promise and not `queueMicrotask`, which the
 * fake timers of test frameworks replace.
 */
export function soon(task: () => void): void {
  void Promise.resolve().then(task);
}
