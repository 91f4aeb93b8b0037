import { utcDate } from '../contract/index.js';
import type { MarketMessage } from '../feed/market-message.js';

/** What the cache knows about a product. */
interface Product {
  hasPrice: boolean;
  /** Expiries whose chain is in memory or was evicted from it. */
  readonly expiries: Set<string>;
  /**
   * Time of the last accepted live message; before one arrives, the latest time read from the
   * store.
   */
  time: number;
  /** Number of accepted live messages. */
  taken: number;
}

/** How many expiries of any product are kept as guesses. */
const MAX_RECENT_EXPIRIES = 24;
/**
 * How many names of evicted messages are kept, so that they are listed and looked up in the store.
 */
const MAX_EVICTED_NAMES = 50_000;

/**
 * Knows the products and expiries that have a message in memory, or had one until it was evicted, so
 * that they are still listed, and looked up in the store.
 */
export class ProductIndex {
  private readonly known = new Map<string, Product>();
  /** Names of evicted messages by key, first evicted first. */
  private readonly evicted = new Map<string, { readonly product: string; readonly expiry?: string }>();
  private readonly recent = new Set<string>();
  private changes = 0;

  has(product: string): boolean {
    return this.known.has(product);
  }

  products(): string[] {
    return [...this.known.keys()];
  }

  /** A number that changes each time {@link products} changes. */
  get version(): number {
    return this.changes;
  }

  /** The expiries that appeared last, of any product. */
  recentExpiries(): string[] {
    return [...this.recent];
  }

  /** How many live messages of the product were accepted, and the time of the last one. */
  progressOf(product: string): Pick<Product, 'taken' | 'time'> {
    return this.known.get(product) ?? { taken: 0, time: 0 };
  }

  /**
   * The `most` nearest of a product's live expiries, and how many live ones there are. An expiry is
   * live until its day (UTC) has ended, by the time of the product's last message.
   *
   * Makes one pass over the expiries and sorts few more than it returns, however many there are.
   */
  nearestExpiries(product: string, most: number): { readonly expiries: string[]; readonly live: number } {
    const { expiries = [], time = 0 } = this.known.get(product) ?? {};
    // `time` is the time of the last message, not the latest time: otherwise one chain stamped in
    // the future would hide all others for good.
    const today = utcDate(time);
    let nearest: string[] = [];
    let live = 0;
    const cut = (): void => void (nearest = nearest.sort().slice(0, most));
    for (const expiry of expiries) {
      if (expiry < today) continue;
      live++;
      // Once there are enough, later expiries are skipped.
      if (nearest.length === most && expiry > nearest.at(-1)!) continue;
      nearest.push(expiry);
      if (nearest.length === most || nearest.length >= 2 * most) cut();
    }
    cut();
    return { expiries: nearest, live };
  }

  /**
   * Records a message that is in memory now.
   * @param live whether it came from the feed
   */
  add(key: string, message: MarketMessage, live: boolean): void {
    this.evicted.delete(key);
    const { product, time } = message;
    let known = this.known.get(product);
    if (!known) {
      this.known.set(product, (known = { hasPrice: false, expiries: new Set(), time, taken: 0 }));
      this.changes++;
    }
    known.time = live ? time : Math.max(time, known.time);
    if (live) known.taken++;
    if (message.kind === 'underlying') known.hasPrice = true;
    else if (!known.expiries.has(message.expiry)) {
      known.expiries.add(message.expiry);
      this.cameUp(message.expiry);
    }
  }

  private cameUp(expiry: string): void {
    this.recent.delete(expiry); // so that it becomes the last
    this.recent.add(expiry);
    if (this.recent.size > MAX_RECENT_EXPIRIES) this.recent.delete([...this.recent][0]!);
  }

  /** Records that the message of `key` is no longer in memory. */
  evict(key: string, message: MarketMessage): void {
    const { product } = message;
    this.evicted.set(key, message.kind === 'chain' ? { product, expiry: message.expiry } : { product });
    if (this.evicted.size > MAX_EVICTED_NAMES) this.forgetOldestName();
  }

  private forgetOldestName(): void {
    const [key, { product, expiry }] = this.evicted.entries().next().value!;
    this.evicted.delete(key);
    const known = this.known.get(product);
    if (!known) return;
    if (expiry === undefined) known.hasPrice = false;
    else known.expiries.delete(expiry);
    if (known.hasPrice || known.expiries.size > 0) return;
    this.known.delete(product);
    this.changes++;
  }
}
