import type { Timer } from './clock.js';

/** For specs: time passes only in sleeps, and each sleep takes too long, as with real timers. */
export class FakeTimer implements Timer {
  readonly sleeps: number[] = [];
  private time = 1000;

  constructor(private readonly oversleepMs = 0) {}

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    if (!signal?.aborted) this.time += ms + this.oversleepMs;
    return Promise.resolve();
  }

  /** Spends time on work. */
  spend(ms: number): void {
    this.time += ms;
  }
}
