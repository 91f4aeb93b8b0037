import { parseTimestamp, type Timestamp } from './contract/index.js';
import type { Clock } from './clock.js';
import type { MarketUpdate } from './market-update.js';

/**
 * The maximum number of keys. Beyond it the least recently updated are dropped. The gateway watches
 * 50,000 products, and a front end shows a few.
 */
const MAX_KEYS = 20_000;
/**
 * How many older updates in a row, each newer than the one before, count as a clock that was set
 * back.
 */
const MIN_OLDER_RUN = 3;
/**
 * How long they must keep arriving, in ms. The gateway has waited as long before it sent the first
 * one.
 */
const CLOCK_RESET_AFTER_MS = 5_000;

/** What has a place in an order. */
interface Ordered {
  readonly timestamp: Timestamp;
  readonly product?: string;
}

export interface Judgement<U> {
  /**
   * `newest`: to be delivered. `repeat`: the same as the held one. `older`: older than the held
   * one.
   */
  readonly verdict: 'newest' | 'repeat' | 'older';
  readonly held: U;
}

interface Entry<U> {
  readonly update: U;
  /** Microseconds since the epoch. */
  readonly time: number;
  older: { readonly since: number; readonly time: number; readonly count: number } | undefined;
}

/**
 * The newest update of each key, from any connection. One replica may be behind another, and the
 * snapshot of a new connection may be older than earlier updates.
 */
export class Order<U extends Ordered = MarketUpdate> {
  /** In order of their last update, oldest first. */
  private readonly entries = new Map<string, Entry<U>>();
  private readonly keys = new Map<string | undefined, Set<string>>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.entries.size;
  }

  /** `undefined` if the update has no readable time, and so no place in the order. */
  offer(key: string, update: U): Judgement<U> | undefined {
    const time = parseTimestamp(update.timestamp);
    if (time === undefined) return undefined;
    const entry = this.entries.get(key);
    if (entry && time < entry.time && !this.isSetBack(entry, time))
      return { verdict: 'older', held: entry.update };
    // Most often this is a snapshot that repeats an earlier update, or the same update through
    // another room.
    if (entry && time === entry.time && isSame(entry.update, update))
      return { verdict: 'repeat', held: entry.update };
    // Orders updates of one time as the gateway does, because the replica of a new connection may
    // have missed the later one.
    if (entry && time === entry.time && processedAt(update) < processedAt(entry.update))
      return { verdict: 'older', held: entry.update };
    this.entries.delete(key); // so that set() moves the key to the end
    this.entries.set(key, { update, time, older: undefined });
    const keys = this.keys.get(update.product);
    if (keys) keys.add(key);
    else this.keys.set(update.product, new Set([key]));
    if (this.entries.size > MAX_KEYS) this.forget(...this.entries.entries().next().value!);
    return { verdict: 'newest', held: update };
  }

  get(key: string): U | undefined {
    return this.entries.get(key)?.update;
  }

  /** The held updates of a product, by key. */
  ofProduct(product: string): [string, U][] {
    return [...(this.keys.get(product) ?? [])].map((key) => [key, this.entries.get(key)!.update]);
  }

  /** Drops the updates that no subscription needs any more. */
  keep(wanted: (key: string, update: U) => boolean): void {
    for (const [key, entry] of this.entries) if (!wanted(key, entry.update)) this.forget(key, entry);
  }

  private forget(key: string, { update: { product } }: Entry<U>): void {
    this.entries.delete(key);
    const keys = this.keys.get(product);
    if (keys?.delete(key) && keys.size === 0) this.keys.delete(product);
  }

  /**
   * Decides like the gateway whether the older updates have become a new stream. A replica that is
   * behind also sends a few older updates, but soon passes the held one.
   */
  private isSetBack(entry: Entry<U>, time: number): boolean {
    const now = this.clock.now();
    const run = entry.older;
    entry.older =
      run && time >= run.time
        ? { since: run.since, time, count: time > run.time ? run.count + 1 : run.count }
        : { since: now, time, count: 1 };
    return entry.older.count >= MIN_OLDER_RUN && now - entry.older.since >= CLOCK_RESET_AFTER_MS;
  }
}

/**
 * In microseconds since the epoch, or `NaN` if the update has no such time and so is neither
 * earlier nor later than another. A price from the worker's cache repeats its own time there, which
 * has no meaning.
 */
function processedAt(update: Ordered): number {
  const { processed_at } = update as { readonly processed_at?: unknown };
  if (typeof processed_at !== 'string' || processed_at === update.timestamp) return NaN;
  return parseTimestamp(processed_at) ?? NaN;
}

/**
 * Compares their text, because both come from the same JSON. Called only for equal times, which are
 * rare.
 */
function isSame(one: object, other: object): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
