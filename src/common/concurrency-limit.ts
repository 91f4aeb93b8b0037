/** Runs a bounded number of tasks at a time, and lets a bounded number wait. */
export class ConcurrencyLimit {
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {}

  /** Settles as the task does; undefined where too many wait, and then the task is not run. */
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
      // Its place goes to the next in turn directly: were it free meanwhile, a newcomer could take it too.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
