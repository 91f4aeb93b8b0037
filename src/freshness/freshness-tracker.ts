import type { ProductStatus } from '../contract/index.js';
import type { MarketMessage } from '../feed/market-message.js';
import type { MarketHours } from '../market-hours/market-hours.js';
import type { Schedule } from '../market-hours/schedule.js';

export interface FreshnessOptions {
  /** A price this old is stale, ms. */
  readonly staleAfterMs: number;
  readonly hours: Pick<MarketHours, 'scheduleOf'>;
  /** Products that are expected to tick, from now on. */
  readonly expected: readonly string[];
  /** Most products known. Those that come later are not watched: one that is forgotten while stale would never be live again. */
  readonly maxProducts: number;
  /**
   * Whether nothing more is expected of it: it is forgotten instead of going stale. Asked of those that would go stale.
   * @param time the feed's own time by now, in microseconds since the epoch
   */
  readonly isOver?: (name: string, time: number) => boolean;
  /** A message came of one that is not watched, because there are `maxProducts` already. */
  readonly onRefused?: () => void;
  /** One is over, and forgotten. */
  readonly onForgotten?: (name: string) => void;
  /** Monotonic clock, ms. */
  readonly now: () => number;
  /** Wall clock, ms since the epoch. */
  readonly wallNow: () => number;
}

/** How often room is looked for among those that are over, ms. */
const DROP_EVERY_MS = 60_000;

/** What the tracker looks at of a message. */
export type FreshnessMessage = Pick<MarketMessage, 'kind' | 'product' | 'time'>;

/** A product went stale, or live. */
export interface StatusChange {
  readonly payload: ProductStatus;
  /** Whether a price of it was seen before: where not, only who waits for its first can want to know. */
  readonly hadPrice: boolean;
}

/** The products that keep the same hours. */
interface ScheduleGroup {
  readonly schedule: Schedule;
  /** Those that are not stale, in the order their prices came, the oldest first. */
  readonly fresh: Map<string, Product>;
  /** A price from the store was put in behind younger ones. */
  unsorted: boolean;
}

interface Product {
  readonly name: string;
  readonly group: ScheduleGroup;
  stale: boolean;
  /** Ordinal of the change that made it stale; 0 before the first. */
  change: number;
  /** Whether its underlying ticks; where it never did, its chains count instead. */
  underlying: boolean;
  /** When the newest price came, on the monotonic clock, ms; before one came, since when it is expected. */
  cameAt: number;
  /** The same on the wall clock, or what the price read from the store says; undefined where none came. */
  lastUpdate: number | undefined;
  /** The newest price's own time, in microseconds since the epoch. */
  messageTime: number;
}

/**
 * How old each product's newest price is, and which products have gone stale. Plain: the clocks are injected.
 *
 * A live price counts by its arrival on the monotonic clock, so that neither a replayed recording nor a wrong clock, here or
 * at the producer, makes it look old; one that repeats the last counts, too, for it shows that the feed moves. A price from
 * the store counts by its own time: when it was written is not known.
 * Each price costs a move to the end of a map; each sweep looks at the products that go stale and at one more.
 */
export class FreshnessTracker {
  private readonly products = new Map<string, Product>();
  private readonly groups = new Map<Schedule, ScheduleGroup>();
  /** In the order they went stale. */
  private readonly stale = new Map<string, Product>();
  private changed = 0;
  private forgotAt = -Infinity;

  constructor(private readonly options: FreshnessOptions) {
    for (const name of options.expected) this.add(name, options.now());
  }

  /** Products known. */
  get size(): number {
    return this.products.size;
  }

  /** Whether it is expected, or a message of it was seen. */
  knows(name: string): boolean {
    return this.products.has(name);
  }

  /** Ordinal of the last change to `stale`. */
  get changes(): number {
    return this.changed;
  }

  /** A message came from the feed. Answers the change to `live`, where it is one. */
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

  /** A message was read from the store. Answers the change to `live` or `stale`, where it is one. */
  stored(message: FreshnessMessage): StatusChange | undefined {
    const now = this.options.now();
    const product = this.products.get(message.product) ?? this.add(message.product, now);
    if (!product) return undefined;
    const hadPrice = product.lastUpdate !== undefined;
    const isPrice = message.kind === 'underlying';
    // The first underlying takes over from the chains, however old it is.
    const first = !hadPrice || (isPrice && !product.underlying);
    if (!first && (!counts(product, message) || message.time <= product.messageTime)) return undefined;

    const wroteAt = message.time / 1_000;
    // One from the future was written by a clock that is ahead; it cannot be younger than new.
    const cameAt = now - Math.max(0, this.options.wallNow() - wroteAt);
    product.underlying = isPrice;
    product.messageTime = message.time;
    // A newer message may still seem older than the last one that came live, where the producer's clock is behind.
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
    // Stale since before the market closed, and an old price is no reason to think otherwise.
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

  /** The status of a product that is stale, and has been since the change `by` or before. */
  staleStatus(name: string, by = this.changed): ProductStatus | undefined {
    const product = this.stale.get(name);
    return product && product.change <= by ? this.statusOf(product) : undefined;
  }

  /** The statuses of the stale products that had a price, those that went stale last; at most `limit`. */
  staleStatuses(limit: number): ProductStatus[] {
    return [...this.stale.values()]
      .filter(({ lastUpdate }) => lastUpdate !== undefined)
      .slice(-limit)
      .map((product) => this.statusOf(product));
  }

  /** The stale products whose market is open: a price that has stood still since the close is nothing to complain of. */
  complaints(): string[] {
    this.forgetOver(0);
    const open = new Map<ScheduleGroup, boolean>();
    for (const group of this.groups.values()) open.set(group, this.isTime(group));
    return [...this.stale.values()].filter(({ group }) => open.get(group)).map(({ name }) => name);
  }

  private add(name: string, cameAt: number): Product | undefined {
    if (this.products.size >= this.options.maxProducts) this.forgetOver(DROP_EVERY_MS);
    if (this.products.size >= this.options.maxProducts) {
      this.options.onRefused?.();
      return undefined;
    }
    const schedule = this.options.hours.scheduleOf(name);
    let group = this.groups.get(schedule);
    if (!group) this.groups.set(schedule, (group = { schedule, fresh: new Map(), unsorted: false }));
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

  /** Forgets the stale ones of which nothing more is expected, unless that was done in the last `everyMs`. */
  private forgetOver(everyMs: number): void {
    const now = this.options.now();
    if (!this.options.isOver || now - this.forgotAt < everyMs) return;
    this.forgotAt = now;
    for (const product of this.stale.values()) if (this.isOver(product)) this.forget(product);
  }

  private putFresh(product: Product): void {
    product.stale = false;
    this.stale.delete(product.name);
    // Deleted first, so that set() moves it to the end.
    product.group.fresh.delete(product.name);
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

  /** Whether its market has been open so long that a price could have come. */
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

/** Whether it says something of the product's price: a chain does only where no underlying ever came. */
function counts(product: Product, message: FreshnessMessage): boolean {
  return message.kind === 'underlying' || !product.underlying;
}

function sort(group: ScheduleGroup): void {
  const sorted = [...group.fresh.values()].sort((a, b) => a.cameAt - b.cameAt);
  group.fresh.clear();
  for (const product of sorted) group.fresh.set(product.name, product);
  group.unsorted = false;
}
