import { type ChainStatus, utcDate } from '../contract/index.js';
import type { ChainMessage } from '../feed/market-message.js';
import type { MarketHours } from '../market-hours/market-hours.js';
import { type FreshnessOptions, FreshnessTracker, type StatusChange } from './freshness-tracker.js';

export interface ChainTrackerOptions extends Pick<
  FreshnessOptions,
  'staleAfterMs' | 'now' | 'wallNow' | 'onRefused'
> {
  readonly hours: MarketHours;
  /** Largest number of chains that are watched. */
  readonly maxChains: number;
}

/**
 * Tracks the age of the newest chain of each product and expiry, and finds chains that have gone
 * stale. A chain can stop while the price of its product still moves. Once the day of its expiry
 * has ended by the feed's own time, no more messages of a chain are expected.
 */
export class ChainTracker {
  private readonly tracker: FreshnessTracker;
  /** How many chains of each product are watched. */
  private readonly ofProduct = new Map<string, number>();

  constructor({ hours, maxChains, ...options }: ChainTrackerOptions) {
    this.tracker = new FreshnessTracker({
      ...options,
      hours: { scheduleOf: (name) => hours.scheduleOf(split(name).product) },
      expected: [],
      maxProducts: maxChains,
      isOver: (name, time) => split(name).expiry < utcDate(time),
      onForgotten: (name) => this.count(split(name).product, -1),
    });
  }

  /** Number of the last change to stale. */
  get changes(): number {
    return this.tracker.changes;
  }

  /** Whether the chain of this expiry, or without an expiry any chain of the product, was seen. */
  knows(product: string, expiry?: string): boolean {
    return expiry === undefined ? this.ofProduct.has(product) : this.tracker.knows(nameOf(product, expiry));
  }

  /** Records a chain that came from the feed. Returns its new status if it was stale. */
  live(message: ChainMessage): ChainStatus | undefined {
    return this.take(message, 'live');
  }

  /** Records a chain that was read from the store. Returns its new status if that changed. */
  stored(message: ChainMessage): ChainStatus | undefined {
    return this.take(message, 'stored');
  }

  /** Finds the chains that have gone stale since the last sweep, at most `limit` of them. */
  sweep(limit: number): ChainStatus[] {
    return this.tracker.sweep(limit).map(({ payload }) => statusOf(payload));
  }

  /**
   * The status of a chain if it is stale; otherwise undefined. If `by` is given, the chain must
   * have gone stale with change number `by` or earlier.
   */
  staleStatus(product: string, expiry: string, by?: number): ChainStatus | undefined {
    const status = this.tracker.staleStatus(nameOf(product, expiry), by);
    return status && statusOf(status);
  }

  /** The stale chains whose market is open, in the form `NIFTY:2026-11-26`. */
  complaints(): string[] {
    return this.tracker.complaints();
  }

  private take({ product, expiry, time }: ChainMessage, from: 'live' | 'stored'): ChainStatus | undefined {
    const name = nameOf(product, expiry);
    const isNew = !this.tracker.knows(name);
    // The tracker treats each chain as a product of its own, with prices.
    const change = this.tracker[from]({ kind: 'underlying', product: name, time });
    if (isNew && this.tracker.knows(name)) this.count(product, 1);
    return change && statusOf(change.payload);
  }

  private count(product: string, by: number): void {
    const chains = (this.ofProduct.get(product) ?? 0) + by;
    if (chains > 0) this.ofProduct.set(product, chains);
    else this.ofProduct.delete(product);
  }
}

/** The name of a chain in the tracker. It is unique, because symbols contain no colon. */
function nameOf(product: string, expiry: string): string {
  return `${product}:${expiry}`;
}

function split(name: string): { readonly product: string; readonly expiry: string } {
  const [product = '', expiry = ''] = name.split(':');
  return { product, expiry };
}

function statusOf({ product: name, status, last_update, age_ms }: StatusChange['payload']): ChainStatus {
  return { ...split(name), status, last_update, age_ms };
}
