import type { Clock, Timer } from '../common/clock.js';
import { fingerprint, type LatestStore, type StoreEntry } from './latest-store.js';

/** The value in memory under a source key. */
export interface HeldValue {
  /** JSON text. */
  readonly text: string;
  /** The message's time, in microseconds since the epoch. */
  readonly time: number;
}

export interface WriteBehindOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Shortest time between two flushes, ms. A key in the store lags memory by at most this long. */
  readonly intervalMs: number;
  /** Time to live of a written entry, ms. */
  readonly ttlMs: number;
  /** Identifies this replica in the lease. */
  readonly owner: string;
  /** The value in memory under a source key; undefined if it was evicted. */
  readonly valueOf: (source: string) => HeldValue | undefined;
  /**
   * Compares the value `stored` under `key` with the value in memory under `source`.
   * @returns more than 0 if the stored value is newer, less than 0 if it may be replaced
   */
  readonly compare: (key: string, stored: string, source: string) => number;
  readonly onWritten: (entries: number) => void;
  /** Called with the keys whose stored value is newer than memory. They were not overwritten. */
  readonly onNewer: (keys: readonly string[]) => void;
  /** Called after a flush in which no call to the store failed. */
  readonly onFlushed: () => void;
  readonly onError: (error: unknown) => void;
}

/** Entries per write, which limits how long one write blocks the event loop and Redis. */
const BATCH = 16;
/** Duration of a lease, in write intervals. */
const LEASE_INTERVALS = 3;
/** How many fingerprints are kept. Beyond it all are dropped, which costs one more read per key. */
const MAX_FINGERPRINTS = 100_000;
/**
 * A flush that starts this much later than planned, ms, shows that the process was suspended. The
 * feed may have been lost in the meantime.
 */
const GAP_MS = 500;

interface Waiting {
  readonly key: string;
  readonly source: string;
}

type Planned = Waiting & StoreEntry & Pick<HeldValue, 'time'>;

/**
 * Writes the newest messages from memory to the store's `latest:*` keys. The cost grows neither
 * with the rate of the feed nor with the number of replicas: updates of a key between two flushes
 * are conflated, and only the replica that holds the writer's lease writes. The others drop a
 * pending update after twice the duration of a lease: by then the holder has written it, or another
 * replica has acquired the lease.
 *
 * A value replaces only an older value. The store compares the fingerprint of that older value with
 * the key's value in the same atomic step that writes, so that no value written meanwhile by the
 * worker or by another replica is lost.
 */
export class WriteBehind {
  /**
   * By store key: the source key of the value to write, and when it last changed. Its size is
   * limited by the number of keys in memory.
   */
  private readonly dirty = new Map<string, { readonly source: string; readonly at: number }>();
  /**
   * By store key: the value that this replica last wrote. The next write usually replaces that
   * value, and so needs no read first.
   */
  private readonly written = new Map<string, { readonly fingerprint: string; readonly time: number }>();
  private readonly leaseMs: number;
  private timer: Timer | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private lastFlush = -Infinity;
  private stopped = false;
  private held = false;
  /** Until when this replica holds the lease, by the clock, ms. */
  private leasedUntil = -Infinity;
  private yieldedUntil = -Infinity;

  constructor(
    private readonly store: LatestStore,
    private readonly options: WriteBehindOptions,
  ) {
    this.leaseMs = options.intervalMs * LEASE_INTERVALS;
  }

  get pending(): number {
    return this.dirty.size;
  }

  /** Whether this replica holds the lease, and writes are not on hold. */
  get isWriter(): boolean {
    return !this.held && this.options.clock.now() < this.leasedUntil;
  }

  /** Schedules a write of the value in memory under `source` to the store's `key`. */
  mark(key: string, source: string): void {
    this.dirty.set(key, { source, at: this.options.clock.now() });
    this.schedule();
  }

  /**
   * Stops writing until `release`, because the store may be newer than memory. Other replicas can
   * write meanwhile: the lease is released.
   */
  hold(): void {
    this.held = true;
    this.leasedUntil = -Infinity;
    // The result does not matter: if the store cannot be reached, the lease expires.
    void this.store.releaseLease(this.options.owner).catch(() => undefined);
  }

  release(): void {
    this.held = false;
  }

  /** Asks for the lease within one interval, even if nothing waits to be written here. */
  claim(): void {
    this.schedule();
  }

  /**
   * Gives up the lease, and does not ask for it for twice its duration, so that another replica can
   * acquire it. What waits is written later, by whichever replica has the lease then.
   */
  yield(): void {
    this.yieldedUntil = this.options.clock.now() + 2 * this.leaseMs;
    this.leasedUntil = -Infinity;
    void this.store.releaseLease(this.options.owner).catch(() => undefined);
  }

  /**
   * Writes all pending updates, even without the lease, unless writes are on hold, and releases the
   * lease. Never rejects: errors go to `onError`. Call it once, at shutdown.
   */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
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
    const now = this.options.clock.now();
    const wait = Math.max(0, this.lastFlush + this.options.intervalMs - now);
    const due = now + wait;
    this.timer = this.options.clock.after(wait, () => {
      const late = this.options.clock.now() - due > GAP_MS;
      this.flushing = (late ? Promise.resolve() : this.flush()).finally(() => {
        this.timer = undefined;
        this.lastFlush = this.options.clock.now();
        if (this.dirty.size > 0) this.schedule();
      });
    });
    this.timer.unref?.();
  }

  private async flush(): Promise<void> {
    if (this.held || this.options.clock.now() < this.yieldedUntil) {
      this.forgetGone();
      return;
    }
    try {
      // The lease began when Redis received the request, which was after this moment.
      const leasedUntil = this.options.clock.now() + this.leaseMs;
      const leased = await this.store.acquireLease(this.options.owner, this.leaseMs);
      this.leasedUntil = leased && !this.held ? leasedUntil : -Infinity;
      if (leased) await this.writeDirty();
      else this.forgetOlderThan(2 * this.leaseMs);
      this.options.onFlushed();
    } catch (error) {
      this.forgetGone();
      this.options.onError(error);
    }
  }

  private async writeDirty(): Promise<void> {
    const due = [...this.dirty]; // updates that arrive from here on wait for the next flush
    const newer: string[] = [];
    for (let start = 0; start < due.length; start += BATCH) {
      // `hold` may have been called since the flush began, for example while the store was frozen.
      if (this.held) break;
      const batch = due.slice(start, start + BATCH);
      for (const [key] of batch) this.dirty.delete(key);
      try {
        newer.push(...(await this.writeBatch(batch.map(([key, { source }]) => ({ key, source })))));
      } catch (error) {
        for (const [key, waiting] of batch) if (!this.dirty.has(key)) this.dirty.set(key, waiting);
        throw error;
      }
    }
    if (newer.length > 0) this.options.onNewer(newer);
  }

  /**
   * Writes the values that are newer than the stored ones. Returns the keys whose stored value is
   * newer.
   */
  private async writeBatch(batch: readonly Waiting[]): Promise<string[]> {
    const occupied = await this.write(batch.flatMap((waiting) => this.planned(waiting)));
    if (occupied.length === 0) return [];
    const newer: string[] = [];
    // Keys that were put on hold, or that another writer changed meanwhile, are retried by the next
    // flush.
    let again: readonly Waiting[] = occupied;
    const stored = this.held ? [] : await this.store.read(occupied.map(({ key }) => key));
    if (!this.held) {
      const older = occupied.flatMap((entry, index) => this.compared(entry, stored[index] ?? null, newer));
      again = await this.write(older);
    }
    for (const { key, source } of again) {
      if (!this.dirty.has(key)) this.dirty.set(key, { source, at: this.options.clock.now() });
    }
    return newer;
  }

  /**
   * The entry that replaces `stored` if that is older. If it is newer, its key is added to `newer`.
   */
  private compared({ key, source }: Waiting, stored: string | null | Error, newer: string[]): Planned[] {
    if (stored instanceof Error) throw stored;
    const held = this.options.valueOf(source);
    if (held === undefined) return [];
    const entry = { key, source, value: held.text, time: held.time };
    if (stored === null) return [entry];
    const order = this.options.compare(key, stored, source);
    if (order > 0) newer.push(key);
    return order < 0 ? [{ ...entry, replaces: fingerprint(stored) }] : [];
  }

  private planned({ key, source }: Waiting): Planned[] {
    const held = this.options.valueOf(source);
    const last = this.written.get(key);
    if (held === undefined) {
      this.written.delete(key);
      return [];
    }
    const { text: value, time } = held;
    return [{ key, source, value, time, replaces: last && last.time < time ? last.fingerprint : undefined }];
  }

  /**
   * Returns the entries that were not written because their keys hold a value that may not be
   * replaced.
   */
  private async write(entries: readonly Planned[]): Promise<Planned[]> {
    if (entries.length === 0) return [];
    const outcomes = await this.store.write(entries, this.options.ttlMs);
    if (this.written.size > MAX_FINGERPRINTS) this.written.clear();
    for (const [index, { key, value, time }] of entries.entries()) {
      if (outcomes[index] !== 'occupied') this.written.set(key, { fingerprint: fingerprint(value), time });
    }
    this.options.onWritten(outcomes.filter((outcome) => outcome === 'written').length);
    return entries.filter((_, index) => outcomes[index] === 'occupied');
  }

  private forgetOlderThan(ageMs: number): void {
    const limit = this.options.clock.now() - ageMs;
    for (const [key, { at }] of this.dirty) if (at < limit) this.dirty.delete(key);
  }

  /**
   * Drops keys that were evicted from memory. They would accumulate while the store is unreachable.
   */
  private forgetGone(): void {
    for (const [key, { source }] of this.dirty) {
      if (this.options.valueOf(source) === undefined) this.dirty.delete(key);
    }
  }
}
