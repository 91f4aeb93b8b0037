import { type ChainStatus, utcDate } from '../contract/index.js';
import type { ChainMessage } from '../feed/market-message.js';
import type { MarketHours } from '../market-hours/market-hours.js';
import { type FreshnessOptions, FreshnessTracker, type StatusChange } from './freshness-tracker.js';

export interface ChainTrackerOptions extends Pick<
  FreshnessOptions,
  'staleAfterMs' | 'now' | 'wallNow' | 'onRefused'
> {
  readonly hours: MarketHours;
  /** Most chains watched. */
  readonly maxChains: number;
}

/**
 * How old the newest chain of each product and expiry is, and which have gone stale. A chain can stop while the price of its
 * product goes on. One whose expiry is over, by the feed's own time, is not expected any more.
 */
export class ChainTracker {
  private readonly tracker: FreshnessTracker;
  /** Chains watched, of each product that has one. */
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

  /** Ordinal of the last change to stale. */
  get changes(): number {
    return this.tracker.changes;
  }

  /** Whether a chain of the product was seen, or that of one expiry. */
  knows(product: string, expiry?: string): boolean {
    return expiry === undefined ? this.ofProduct.has(product) : this.tracker.knows(nameOf(product, expiry));
  }

  /** A chain came from the feed. Returns its status if it was stale. */
  live(message: ChainMessage): ChainStatus | undefined {
    return this.take(message, 'live');
  }

  /** A chain was read from the store. Returns its status if that changed. */
  stored(message: ChainMessage): ChainStatus | undefined {
    return this.take(message, 'stored');
  }

  /** Finds the chains that have gone stale since the last sweep, at most `limit` of them. */
  sweep(limit: number): ChainStatus[] {
    return this.tracker.sweep(limit).map(({ payload }) => statusOf(payload));
  }

  /** The status of a chain that is stale, and has been since the change `by` or before. */
  staleStatus(product: string, expiry: string, by?: number): ChainStatus | undefined {
    const status = this.tracker.staleStatus(nameOf(product, expiry), by);
    return status && statusOf(status);
  }

  /** The stale chains whose markets are open, as `NIFTY:2026-11-26`. */
  complaints(): string[] {
    return this.tracker.complaints();
  }

  private take({ product, expiry, time }: ChainMessage, from: 'live' | 'stored'): ChainStatus | undefined {
    const name = nameOf(product, expiry);
    const isNew = !this.tracker.knows(name);
    // To the tracker, each chain is a product of its own, which ticks.
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

/** No symbol has a colon. */
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
