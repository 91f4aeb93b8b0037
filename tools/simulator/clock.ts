import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** Milliseconds since the epoch; the fraction carries the microseconds. */
export type Clock = () => number;

/**
 * Wall clock with microseconds. `Date.now()` alone is too coarse, and `performance.timeOrigin + performance.now()`
 * stands still while a laptop sleeps, so the fine clock is tied to the coarse one again whenever they part.
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

/** What the pacing loops need of time; specs give a fake one. */
export interface Timer {
  /** Milliseconds since any fixed moment, never going back. */
  now(): number;
  /** Waits `ms` (0: one turn of the event loop), or until `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const realTimer: Timer = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    if (signal?.aborted) return;
    if (ms <= 0) return nextTurn();
    // The only rejection is the abort, which is what the caller waits for as much as the time.
    await delay(ms, undefined, { signal }).catch(() => undefined);
  },
};

/** How long one loop may hold the event loop, which in the demo also serves the clients. */
const MAX_TURN_MS = 10;

/** Makes a busy loop let other work in: sockets are written and signals heard between turns only. */
export class TurnLimit {
  private since: number;

  constructor(private readonly timer: Timer) {
    this.since = timer.now();
  }

  /** Yields one turn of the event loop where the last {@link renew} is too long ago. */
  async check(signal?: AbortSignal): Promise<void> {
    if (this.timer.now() - this.since <= MAX_TURN_MS) return;
    await this.timer.sleep(0, signal);
    this.renew();
  }

  /** To be called after every other wait. */
  renew(): void {
    this.since = this.timer.now();
  }
}
