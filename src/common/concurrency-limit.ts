/** Runs a bounded number of tasks at a time, and lets a bounded number wait. */
export class ConcurrencyLimit {
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {}

  /**
   * Runs a task now or when it is its turn.
   * @returns a promise that settles like the task; undefined if too many tasks wait, in which case
   * the task is not run
   */
  run<T>(task: () => Promise<T>): Promise<T> | undefined {
    if (this.running < this.maxRunning) {
      this.running++;
      return this.finish(task);
    }
    if (this.waiting.length >= this.maxWaiting) return undefined;
    return new Promise<void>((resolve) => this.waiting.push(resolve)).then(() => this.finish(task));
  }

  private async finish<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } finally {
      // Hand the slot directly to the next waiting task: if it became free in between, a new task
      // could take it as well.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
