import { type Clock, delay } from './clock.js';

/** The shortest rest after a run, as a multiple of its duration. */
const REST_FACTOR = 3;
/**
 * The longest rest, ms: after a run that was slow because the machine was busy, the next probe must
 * not wait long.
 */
const MAX_REST_MS = 50;

/**
 * Runs work once for all callers that ask for it at the same time. A result is never older than the
 * call that receives it: callers that arrive during a run share the next one. There is a rest
 * between runs, so that callers in a loop leave most of the processor to other work.
 */
export class SharedWork<T> {
  private running: Promise<unknown> = Promise.resolve();
  private next: Promise<T> | undefined;
  private freeAt = -Infinity;

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'after'>,
    private readonly work: () => Promise<T>,
  ) {}

  /** Settles like the first run that begins after this call. */
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
