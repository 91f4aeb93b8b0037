import type { LatestStore, StoreEntry } from './latest-store.js';

export interface WriteBehindOptions {
  /** Shortest time between two flushes, ms: the most a key of the store lags behind. */
  readonly intervalMs: number;
  /** How long a written entry lives, ms. */
  readonly ttlMs: number;
  /** This replica, in the lease. */
  readonly owner: string;
  /** What memory holds under a source key, as JSON text; undefined where it is held no more. */
  readonly valueOf: (source: string) => string | undefined;
  readonly onWritten: (entries: number) => void;
  /** After a flush in which the store refused nothing. */
  readonly onFlushed: () => void;
  readonly onError: (error: unknown) => void;
}

/** Entries of one write command: bounds how long it holds the event loop and Redis. */
const BATCH = 16;
/** Intervals a lease lives unless renewed. */
const LEASE_INTERVALS = 3;

/**
 * Keeps the store's `latest:*` near what memory holds, at a cost that grows neither with the feed's rate nor with the
 * number of replicas: updates of a key between two flushes are conflated, and of all replicas only the one that holds
 * the writer's lease writes. The others forget what it must have written by the time its lease could have passed on.
 */
export class WriteBehind {
  /** Store key -> what to write there and when that last changed. Bounded by the keys memory holds. */
  private readonly dirty = new Map<string, { readonly source: string; readonly at: number }>();
  private readonly leaseMs: number;
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private lastFlush = -Infinity;
  private stopped = false;
  private held = false;

  constructor(
    private readonly store: LatestStore,
    private readonly options: WriteBehindOptions,
  ) {
    this.leaseMs = options.intervalMs * LEASE_INTERVALS;
  }

  get pending(): number {
    return this.dirty.size;
  }

  /** Notes that `key` is to hold what memory holds under `source`. */
  mark(key: string, source: string): void {
    this.dirty.set(key, { source, at: performance.now() });
    this.schedule();
  }

  /** Writes nothing until `release`: the store may know better than memory. */
  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
  }

  /** Writes what waits, lease or not, unless held, and gives the lease up. Resolves when done or failed; call once, at shutdown. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.flushing;
    try {
      await this.writeDirty();
      await this.store.releaseLease(this.options.owner);
    } catch (error) {
      this.options.onError(error);
    }
  }

  private schedule(): void {
    if (this.timer || this.stopped) return;
    const wait = this.lastFlush + this.options.intervalMs - performance.now();
    this.timer = setTimeout(
      () => {
        this.flushing = this.flush().finally(() => {
          this.timer = undefined;
          this.lastFlush = performance.now();
          if (this.dirty.size > 0) this.schedule();
        });
      },
      Math.max(0, wait),
    );
    this.timer.unref();
  }

  private async flush(): Promise<void> {
    if (this.held) {
      this.forgetGone();
      return;
    }
    try {
      if (await this.store.acquireLease(this.options.owner, this.leaseMs)) await this.writeDirty();
      else this.forgetOlderThan(2 * this.leaseMs);
      this.options.onFlushed();
    } catch (error) {
      this.forgetGone();
      this.options.onError(error);
    }
  }

  private async writeDirty(): Promise<void> {
    const due = [...this.dirty]; // what is marked from here on waits for the next flush
    for (let start = 0; start < due.length; start += BATCH) {
      // Since the flush began, perhaps: a store that froze grants the lease, or takes a batch, when it goes on.
      if (this.held) return;
      const batch = due.slice(start, start + BATCH);
      for (const [key] of batch) this.dirty.delete(key);
      const entries = batch.flatMap(([key, { source }]): StoreEntry[] => {
        const value = this.options.valueOf(source);
        return value === undefined ? [] : [{ key, value }];
      });
      try {
        await this.store.write(entries, this.options.ttlMs);
      } catch (error) {
        for (const [key, waiting] of batch) if (!this.dirty.has(key)) this.dirty.set(key, waiting);
        throw error;
      }
      this.options.onWritten(entries.length);
    }
  }

  private forgetOlderThan(ageMs: number): void {
    const limit = performance.now() - ageMs;
    for (const [key, { at }] of this.dirty) if (at < limit) this.dirty.delete(key);
  }

  /** While the store is away keys may be evicted from memory; without this their names would pile up here. */
  private forgetGone(): void {
    for (const [key, { source }] of this.dirty) {
      if (this.options.valueOf(source) === undefined) this.dirty.delete(key);
    }
  }
}
