import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** Milliseconds since the epoch. The fraction contains the microseconds. */
export type Clock = () => number;

/**
 * A wall clock with microseconds. `Date.now()` by itself is too coarse, and `performance.timeOrigin
 * + performance.now()` stops while a laptop sleeps. So this clock corrects the fine time whenever
 * it differs from the coarse one.
 */
export function microsecondClock(): Clock {
  let offset = Date.now() - performance.now();
  return () => {
    const wall = Date.now();
    const fine = offset + performance.now();
    if (Math.abs(fine - wall) <= 2) return fine;
    offset = wall - performance.now();
    return wall;
  };
}

/** The time functions of the pacing loops. Specs replace them. */
export interface Timer {
  /** Milliseconds since some fixed moment. Never decreases. */
  now(): number;
  /** Waits `ms` (0: one turn of the event loop), or until `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const realTimer: Timer = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    if (signal?.aborted) return;
    if (ms <= 0) return nextTurn();
    // The wait can only reject because of the abort, which also ends it.
    await delay(ms, undefined, { signal }).catch(() => undefined);
  },
};

/** How long one loop may block the event loop, which also serves the clients in the demo. */
const MAX_TURN_MS = 10;

/**
 * Makes a busy loop yield to other work, because sockets and signals are handled only between
 * turns.
 */
export class TurnLimit {
  private since: number;

  constructor(private readonly timer: Timer) {
    this.since = timer.now();
  }

  /** Yields one turn of the event loop if the last {@link renew} is too long ago. */
  async check(signal?: AbortSignal): Promise<void> {
    if (this.timer.now() - this.since <= MAX_TURN_MS) return;
    await this.timer.sleep(0, signal);
    this.renew();
  }

  /** Call this after every other wait. */
  renew(): void {
    this.since = this.timer.now();
  }
}
