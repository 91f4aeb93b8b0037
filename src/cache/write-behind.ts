import type { Clock, Timer } from '../common/clock.js';
import { fingerprint, type LatestStore, type StoreEntry } from './latest-store.js';

/** What memory holds under a source key. */
export interface HeldValue {
  /** JSON text. */
  readonly text: string;
  /** The message's time, in microseconds since the epoch. */
  readonly time: number;
}

export interface WriteBehindOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Shortest time between two flushes, ms: the most a key of the store lags behind. */
  readonly intervalMs: number;
  /** How long a written entry lives, ms. */
  readonly ttlMs: number;
  /** This replica, in the lease. */
  readonly owner: string;
  /** What memory holds under a source key; undefined if it is held no more. */
  readonly valueOf: (source: string) => HeldValue | undefined;
  /**
   * Compares what the store holds under `key` with what memory holds under `source`: more than 0 if the store's is newer, less
   * than 0 if it may be replaced.
   */
  readonly compare: (key: string, stored: string, source: string) => number;
  readonly onWritten: (entries: number) => void;
  /** The store holds newer values than memory under these keys. They were left alone. */
  readonly onNewer: (keys: readonly string[]) => void;
  /** After a flush in which the store refused nothing. */
  readonly onFlushed: () => void;
  readonly onError: (error: unknown) => void;
}

/** Entries of one write command: bounds how long it holds the event loop and Redis. */
const BATCH = 16;
/** Intervals a lease lives unless renewed. */
const LEASE_INTERVALS = 3;
/** Fingerprints kept; past it all are forgotten, which costs one more read of each key. */
const MAX_FINGERPRINTS = 100_000;
/** A flush this much later than planned, ms, shows that the process stood still: the feed may have been lost meanwhile. */
const GAP_MS = 500;

interface Waiting {
  readonly key: string;
  readonly source: string;
}

type Planned = Waiting & StoreEntry & Pick<HeldValue, 'time'>;

/**
 * Keeps the store's `latest:*` near what memory holds, at a cost that grows neither with the feed's rate nor with the
 * number of replicas: updates of a key between two flushes are conflated, and of all replicas only the one that holds
 * the writer's lease writes. The others forget what it must have written by the time its lease could have passed on.
 *
 * A value replaces only what is older than itself. The store compares a fingerprint of what was found older with what the key holds
 * in the step that writes, so that nothing the worker or another replica writes meanwhile is lost.
 */
export class WriteBehind {
  /** Store key -> what to write there and when that last changed. Bounded by the keys memory holds. */
  private readonly dirty = new Map<string, { readonly source: string; readonly at: number }>();
  /** Store key -> what this replica last wrote there: the usual value to be replaced, known without a look. */
  private readonly written = new Map<string, { readonly fingerprint: string; readonly time: number }>();
  private readonly leaseMs: number;
  private timer: Timer | undefined;
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
    this.dirty.set(key, { source, at: this.options.clock.now() });
    this.schedule();
  }

  /** Writes nothing until `release`: the store may know better than memory, and other replicas write meanwhile. */
  hold(): void {
    this.held = true;
    // Not waited for: a store that cannot be reached lets the lease expire.
    void this.store.releaseLease(this.options.owner).catch(() => undefined);
  }

  release(): void {
    this.held = false;
  }

  /** Writes what waits, lease or not, unless held, and gives the lease up. Resolves when done or failed; call once, at shutdown. */
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
    const newer: string[] = [];
    for (let start = 0; start < due.length; start += BATCH) {
      // Since the flush began, perhaps: a store that froze grants the lease, or takes a batch, when it goes on.
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

  /** Writes what is newer than the store's; answers the keys of which the store's is newer. */
  private async writeBatch(batch: readonly Waiting[]): Promise<string[]> {
    const occupied = await this.write(batch.flatMap((waiting) => this.planned(waiting)));
    if (occupied.length === 0) return [];
    const newer: string[] = [];
    // What it was held up with, or another writer was faster with, is looked at again by the next flush.
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

  /** The entry that replaces `stored`, if that is older; if it is newer, its key is added to `newer`. */
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

  /** Answers the entries whose keys hold something else than what may be replaced. */
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

  /** While the store is away keys may be evicted from memory; without this their names would pile up here. */
  private forgetGone(): void {
    for (const [key, { source }] of this.dirty) {
      if (this.options.valueOf(source) === undefined) this.dirty.delete(key);
    }
  }
}
