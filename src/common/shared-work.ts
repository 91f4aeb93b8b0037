import { type Clock, delay } from './clock.js';

/** After a run, the next one begins no sooner than so many times its duration later. */
const REST_FACTOR = 3;
/** The longest rest, ms: a run that a busy machine held up must not keep a probe waiting. */
const MAX_REST_MS = 50;

/**
 * Runs work that many callers ask for at the same time, once for all of them. A result is never older than the call that gets it:
 * callers that come while a run is under way share the next one. Runs rest in between, so that callers in a loop leave most of
 * the processor to others.
 */
export class SharedWork<T> {
  private running: Promise<unknown> = Promise.resolve();
  private next: Promise<T> | undefined;
  private freeAt = -Infinity;

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'after'>,
    private readonly work: () => Promise<T>,
  ) {}

  /** Resolves or rejects as the work does that begins after this call. */
  run(): Promise<T> {
    return (this.next ??= this.begin());
  }

  private async begin(): Promise<T> {
    await this.running;
    const rest = this.freeAt - this.clock.now();
    if (rest > 0) await delay(this.clock, rest);
    this.next = undefined;
    const began = this.clock.now();
    const result = this.work();
    this.running = result.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await result;
    } finally {
      const ended = this.clock.now();
      this.freeAt = ended + Math.min(REST_FACTOR * (ended - began), MAX_REST_MS);
    }
  }
}
