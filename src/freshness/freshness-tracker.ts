import { RecencyMap } from '../common/recency-map.js';
import type { ProductStatus } from '../contract/index.js';
import type { MarketMessage } from '../feed/market-message.js';
import type { MarketHours } from '../market-hours/market-hours.js';
import type { Schedule } from '../market-hours/schedule.js';

export interface FreshnessOptions {
  /** Age from which a price is stale, ms. */
  readonly staleAfterMs: number;
  readonly hours: Pick<MarketHours, 'scheduleOf'>;
  /** Products that must have prices from now on. */
  readonly expected: readonly string[];
  /**
   * Largest number of products. Later ones are not watched. Existing ones are not evicted for them,
   * because a product that is evicted while stale would never be announced as live.
   */
  readonly maxProducts: number;
  /**
   * Whether no more messages of a product are expected. It is then removed instead of going stale.
   * Only called for products that are stale or about to go stale.
   * @param time the feed's own time now, in microseconds since the epoch
   */
  readonly isOver?: (name: string, time: number) => boolean;
  /** Called for a message of a product that is not watched because of `maxProducts`. */
  readonly onRefused?: () => void;
  /** Called when a product is removed because it `isOver`. */
  readonly onForgotten?: (name: string) => void;
  /** Monotonic clock, ms. */
  readonly now: () => number;
  /** Wall clock, ms since the epoch. */
  readonly wallNow: () => number;
}

/** Shortest time between two searches for products to remove, ms. */
const DROP_EVERY_MS = 60_000;

/** The part of a message that the tracker uses. */
export type FreshnessMessage = Pick<MarketMessage, 'kind' | 'product' | 'time'>;

/** A change of a product's status to stale or live. */
export interface StatusChange {
  readonly payload: ProductStatus;
  /**
   * Whether the product had a price before. If not, the change only concerns clients that wait for
   * its first price.
   */
  readonly hadPrice: boolean;
}

/** The products that have the same market hours. */
interface ScheduleGroup {
  readonly schedule: Schedule;
  /** The products that are not stale, by name. The oldest price is first, unless `unsorted`. */
  readonly fresh: RecencyMap<string, Product>;
  /** Whether a price from the store may be behind newer ones in `fresh`. */
  unsorted: boolean;
}

interface Product {
  readonly name: string;
  readonly group: ScheduleGroup;
  stale: boolean;
  /** Number of the change that made it stale; 0 before the first. */
  change: number;
  /** Whether it has prices of its own. If not, its chains count as prices. */
  underlying: boolean;
  /** When the newest price arrived, or since when the first is expected, monotonic clock, ms. */
  cameAt: number;
  /**
   * When the newest price arrived by the wall clock, or the own time of a price read from the
   * store, ms since the epoch. Undefined if there was none.
   */
  lastUpdate: number | undefined;
  /** The newest price's own time, in microseconds since the epoch. */
  messageTime: number;
}

/**
 * Tracks the age of each product's newest price, and finds products that have gone stale.
 *
 * The age of a live price is counted from its arrival on the monotonic clock. So neither a replayed
 * recording nor a wrong clock, here or at the producer, makes it look old. A repeated price counts
 * too, because it shows that the feed is alive. The age of a price from the store is counted from
 * its own time, because the time of its arrival is not known.
 *
 * Each price costs one move to the end of a map. For each schedule, a sweep examines the products
 * that go stale and one more.
 */
export class FreshnessTracker {
  private readonly products = new Map<string, Product>();
  private readonly groups = new Map<Schedule, ScheduleGroup>();
  /** Stale products by name, in the order in which they went stale. */
  private readonly stale = new Map<string, Product>();
  private changed = 0;
  private forgotAt = -Infinity;

  constructor(private readonly options: FreshnessOptions) {
    for (const name of options.expected) this.add(name, options.now());
  }

  /** How many products are watched. */
  get size(): number {
    return this.products.size;
  }

  /** Whether the product is expected, or a message of it was seen. */
  knows(name: string): boolean {
    return this.products.has(name);
  }

  /** Number of the last change to `stale`. */
  get changes(): number {
    return this.changed;
  }

  /** Records a message from the feed. Returns the change to `live` if the product was stale. */
  live(message: FreshnessMessage): StatusChange | undefined {
    const known = this.products.get(message.product);
    if (known && !counts(known, message)) return undefined;
    const now = this.options.now();
    const product = known ?? this.add(message.product, now);
    if (!product) return undefined;
    const hadPrice = product.lastUpdate !== undefined;
    product.underlying = message.kind === 'underlying';
    product.cameAt = now;
    product.lastUpdate = this.options.wallNow();
    product.messageTime = message.time;
    const changes = product.stale;
    this.putFresh(product);
    return changes ? { payload: this.statusOf(product), hadPrice } : undefined;
  }

  /** Records a message read from the store. Returns the change if the status changes. */
  stored(message: FreshnessMessage): StatusChange | undefined {
    const now = this.options.now();
    const product = this.products.get(message.product) ?? this.add(message.product, now);
    if (!product) return undefined;
    const hadPrice = product.lastUpdate !== undefined;
    const isPrice = message.kind === 'underlying';
    // The first price of the product itself replaces those of its chains, even if it is older.
    const first = !hadPrice || (isPrice && !product.underlying);
    if (!first && (!counts(product, message) || message.time <= product.messageTime)) return undefined;

    const wroteAt = message.time / 1_000;
    // A price with a time in the future comes from a clock that is ahead. Its age is 0, not
    // negative.
    const cameAt = now - Math.max(0, this.options.wallNow() - wroteAt);
    product.underlying = isPrice;
    product.messageTime = message.time;
    // If the producer's clock is behind, a newer message may seem older than the last live one.
    if (first || cameAt > product.cameAt) {
      product.cameAt = cameAt;
      product.lastUpdate = Math.floor(wroteAt);
    }

    const wasStale = product.stale;
    if (this.isDue(product)) {
      if (this.isOver(product)) {
        this.forget(product);
        return undefined;
      }
      if (wasStale && hadPrice) return undefined;
      this.putStale(product);
      return { payload: this.statusOf(product), hadPrice: true };
    }
    // The product went stale before the market closed, and an old price does not change that.
    if (wasStale && now - product.cameAt >= this.options.staleAfterMs) return undefined;
    this.putFresh(product);
    product.group.unsorted = true;
    return wasStale ? { payload: this.statusOf(product), hadPrice } : undefined;
  }

  /** Finds the products that have gone stale since the last sweep, at most `limit` of them. */
  sweep(limit: number): StatusChange[] {
    const now = this.options.now();
    const { staleAfterMs } = this.options;
    const changes: StatusChange[] = [];
    for (const group of this.groups.values()) {
      if (!this.isTime(group)) continue;
      if (group.unsorted) sort(group);
      for (const product of group.fresh.values()) {
        if (changes.length >= limit || now - product.cameAt < staleAfterMs) break;
        if (this.isOver(product)) {
          this.forget(product);
          continue;
        }
        this.putStale(product);
        changes.push({ payload: this.statusOf(product), hadPrice: product.lastUpdate !== undefined });
      }
    }
    return changes;
  }

  /**
   * The status of a product if it is stale; otherwise undefined. The product must have gone stale
   * with change number `by` or earlier.
   */
  staleStatus(name: string, by = this.changed): ProductStatus | undefined {
    const product = this.stale.get(name);
    return product && product.change <= by ? this.statusOf(product) : undefined;
  }

  /** The statuses of stale products that had a price: the last `limit` that went stale. */
  staleStatuses(limit: number): ProductStatus[] {
    return [...this.stale.values()]
      .filter(({ lastUpdate }) => lastUpdate !== undefined)
      .slice(-limit)
      .map((product) => this.statusOf(product));
  }

  /** The statuses of all products, at most `limit`: first those whose prices are the oldest. */
  oldest(limit: number): ProductStatus[] {
    return [...this.products.values()]
      .sort((a, b) => a.cameAt - b.cameAt)
      .slice(0, limit)
      .map((product) => this.statusOf(product));
  }

  /** The stale products whose market is open. A price does not move while its market is closed. */
  complaints(): string[] {
    return this.staleInOpenMarkets().map(({ name }) => name);
  }

  /** How many of the stale products are configured ones that never had a message. */
  unseen(): number {
    return this.staleInOpenMarkets().filter(({ lastUpdate }) => lastUpdate === undefined).length;
  }

  private staleInOpenMarkets(): Product[] {
    this.forgetOver(0);
    const open = new Map<ScheduleGroup, boolean>();
    for (const group of this.groups.values()) open.set(group, this.isTime(group));
    return [...this.stale.values()].filter(({ group }) => open.get(group));
  }

  private add(name: string, cameAt: number): Product | undefined {
    if (this.products.size >= this.options.maxProducts) this.forgetOver(DROP_EVERY_MS);
    if (this.products.size >= this.options.maxProducts) {
      this.options.onRefused?.();
      return undefined;
    }
    const schedule = this.options.hours.scheduleOf(name);
    let group = this.groups.get(schedule);
    if (!group) this.groups.set(schedule, (group = { schedule, fresh: new RecencyMap(), unsorted: false }));
    const product: Product = {
      name,
      group,
      stale: false,
      change: 0,
      underlying: false,
      cameAt,
      lastUpdate: undefined,
      messageTime: -Infinity,
    };
    this.products.set(name, product);
    this.putFresh(product);
    return product;
  }

  private isOver({ name, messageTime, cameAt }: Product): boolean {
    return this.options.isOver?.(name, messageTime + (this.options.now() - cameAt) * 1_000) ?? false;
  }

  private forget(product: Product): void {
    this.products.delete(product.name);
    product.group.fresh.delete(product.name);
    this.stale.delete(product.name);
    this.options.onForgotten?.(product.name);
  }

  /** Removes stale products that are over, unless that was done within the last `everyMs` ms. */
  private forgetOver(everyMs: number): void {
    const now = this.options.now();
    if (!this.options.isOver || now - this.forgotAt < everyMs) return;
    this.forgotAt = now;
    for (const product of this.stale.values()) if (this.isOver(product)) this.forget(product);
  }

  private putFresh(product: Product): void {
    product.stale = false;
    this.stale.delete(product.name);
    product.group.fresh.set(product.name, product);
  }

  private putStale(product: Product): void {
    product.stale = true;
    product.change = ++this.changed;
    product.group.fresh.delete(product.name);
    this.stale.set(product.name, product);
  }

  private isDue(product: Product): boolean {
    return this.options.now() - product.cameAt >= this.options.staleAfterMs && this.isTime(product.group);
  }

  /** Whether the market has been open for at least as long as a price takes to go stale. */
  private isTime({ schedule }: ScheduleGroup): boolean {
    return (schedule.openForMs(this.options.wallNow()) ?? -1) >= this.options.staleAfterMs;
  }

  private statusOf({ name, stale, cameAt, lastUpdate }: Product): ProductStatus {
    const known = lastUpdate !== undefined;
    return {
      product: name,
      status: stale ? 'stale' : 'live',
      last_update: known ? new Date(lastUpdate).toISOString() : null,
      age_ms: known ? Math.round(this.options.now() - cameAt) : null,
    };
  }
}

/**
 * Whether a message counts as a price. A chain counts only if its product has no prices of its own.
 */
function counts(product: Product, message: FreshnessMessage): boolean {
  return message.kind === 'underlying' || !product.underlying;
}

function sort(group: ScheduleGroup): void {
  const sorted = [...group.fresh.values()].sort((a, b) => a.cameAt - b.cameAt);
  group.fresh.clear();
  for (const product of sorted) group.fresh.set(product.name, product);
  group.unsorted = false;
}
