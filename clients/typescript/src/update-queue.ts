/**
 * The updates that one `for await` has yet to read. It keeps only the newest of each key, so that a
 * slow consumer needs little memory and receives no outdated update.
 */
export class UpdateQueue<U> implements AsyncIterator<U, undefined> {
  private readonly waiting = new Map<string, U>();
  private readonly readers: {
    resolve: (result: IteratorResult<U, undefined>) => void;
    reject: (error: Error) => void;
  }[] = [];
  private ended = false;
  private error: Error | undefined;

  /** @param left called when the consumer stops reading */
  constructor(private readonly left: (queue: UpdateQueue<U>) => void) {}

  /** The updates that have not been read yet. */
  get size(): number {
    return this.waiting.size;
  }

  push(key: string, update: U): void {
    if (this.ended) return;
    const reader = this.readers.shift();
    // In place, so that other keys cannot delay a key that changes often.
    if (reader) reader.resolve({ done: false, value: update });
    else this.waiting.set(key, update);
  }

  /** Drops the updates that have not been read yet. */
  clear(): void {
    this.waiting.clear();
  }

  /** No more updates follow. With an error, each reader receives it once. */
  end(error?: Error): void {
    if (this.ended) return;
    this.ended = true;
    this.waiting.clear();
    if (error && this.readers.length === 0) this.error = error;
    for (const { resolve, reject } of this.readers.splice(0)) {
      if (error) reject(error);
      else resolve({ done: true, value: undefined });
    }
  }

  next(): Promise<IteratorResult<U, undefined>> {
    const { error } = this;
    this.error = undefined;
    if (error) return Promise.reject(error);
    const first = this.waiting.entries().next();
    if (!first.done) {
      const [key, value] = first.value;
      this.waiting.delete(key);
      return Promise.resolve({ done: false, value });
    }
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.readers.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<U, undefined>> {
    this.end();
    this.left(this);
    return Promise.resolve({ done: true, value: undefined });
  }
}
