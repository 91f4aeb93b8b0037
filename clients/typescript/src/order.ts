import { parseTimestamp } from './contract/index.js';
import type { Clock } from './clock.js';
import type { MarketUpdate } from './market-update.js';

/** Keys remembered; past it the least recently updated go. The gateway watches 50,000 products, a front end shows a few. */
const MAX_KEYS = 20_000;
/** How many older updates in a row, each newer than the one before, make a clock that was set back. */
const MIN_OLDER_RUN = 3;
/** For how long they must come, ms. The gateway has waited as long before it passed on the first. */
const CLOCK_RESET_AFTER_MS = 5_000;

export interface Judgement {
  /** `newest`: to be delivered. `repeat`: it is the one held. `older`: than the one held. */
  readonly verdict: 'newest' | 'repeat' | 'older';
  readonly held: MarketUpdate;
}

interface Entry {
  readonly update: MarketUpdate;
  /** Microseconds since the epoch. */
  readonly time: number;
  older: { readonly since: number; readonly time: number; readonly count: number } | undefined;
}

/**
 * The newest update of each key, whichever connection brought it: of two replicas one may be behind the other, and a new
 * connection's snapshot behind what came before it.
 */
export class Order {
  /** In order of their last update, the oldest first. */
  private readonly entries = new Map<string, Entry>();
  private readonly keys = new Map<string, Set<string>>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.entries.size;
  }

  /** `undefined` where the update has no time that can be read, and so no place. */
  offer(key: string, update: MarketUpdate): Judgement | undefined {
    const time = parseTimestamp(update.timestamp);
    if (time === undefined) return undefined;
    const entry = this.entries.get(key);
    if (entry && time < entry.time && !this.isSetBack(entry, time))
      return { verdict: 'older', held: entry.update };
    // Most often it is a snapshot: of what came before, or by another room.
    if (entry && time === entry.time && isSame(entry.update, update))
      return { verdict: 'repeat', held: entry.update };
    // As the gateway orders updates of one time, for a new connection's replica may have missed the later one.
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

  get(key: string): MarketUpdate | undefined {
    return this.entries.get(key)?.update;
  }

  /** What is held of a product, by key. */
  ofProduct(product: string): [string, MarketUpdate][] {
    return [...(this.keys.get(product) ?? [])].map((key) => [key, this.entries.get(key)!.update]);
  }

  /** Forgets what nobody is subscribed to any more. */
  keep(wanted: (key: string, update: MarketUpdate) => boolean): void {
    for (const [key, entry] of this.entries) if (!wanted(key, entry.update)) this.forget(key, entry);
  }

  private forget(key: string, { update: { product } }: Entry): void {
    this.entries.delete(key);
    const keys = this.keys.get(product);
    if (keys?.delete(key) && keys.size === 0) this.keys.delete(product);
  }

  /**
   * As the gateway judges it: whether the older updates have become a stream of their own. A replica that is behind sends a few
   * as well, but is soon past what is held.
   */
  private isSetBack(entry: Entry, time: number): boolean {
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
 * In microseconds since the epoch; `NaN` if the update does not say, so that it is neither earlier nor later than another. A
 * price from the worker's cache has its own time there, which says nothing.
 */
function processedAt(update: MarketUpdate): number {
  if (!('processed_at' in update) || update.processed_at === update.timestamp) return NaN;
  return parseTimestamp(update.processed_at) ?? NaN;
}

/** By their text: both come from the same JSON. Asked at equal times alone, which are rare. */
function isSame(one: MarketUpdate, other: MarketUpdate): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
