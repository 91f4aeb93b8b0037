import type { MarketAddress } from './contract/index.js';
import type { Clock } from './clock.js';
import type { SubscriptionError } from './errors.js';
import { type MarketUpdate, subjectOf } from './market-update.js';
import { Order } from './order.js';

/** A subscription on its way from one view to another, until the gateway has answered. */
export class ViewChange {
  readonly done: Promise<void>;
  resolve!: (outcome?: Promise<void>) => void;
  reject!: (error: SubscriptionError) => void;
  private readonly waiting: Set<string>;

  /**
   * @param before the rooms that the subscription returns to if the gateway refuses the new ones.
   *   Undefined if the gateway has not granted any yet.
   * @param rooms the names of the new ones
   */
  constructor(
    readonly before: readonly MarketAddress[] | undefined,
    rooms: readonly string[],
  ) {
    this.waiting = new Set(rooms);
    this.done = new Promise((resolve, reject) => ([this.resolve, this.reject] = [resolve, reject]));
    // Code that ignores the promise must not end a Node process.
    this.done.catch(() => undefined);
  }

  /** Returns whether the gateway has granted every room. */
  granted(room: string): boolean {
    this.waiting.delete(room);
    return this.waiting.size === 0;
  }
}

/**
 * Keeps a subscription that has changed its view from going back in time: the first updates of the
 * new view may be older than the last of the other one, because each view has its own rate.
 */
export class ViewOrder {
  private readonly order: Order;
  /** The keys of the updates of the other view, by what they are about. */
  private readonly keys = new Map<string, string>();

  constructor(clock: Clock, held: ReadonlyMap<string, MarketUpdate>) {
    this.order = new Order(clock);
    for (const [key, update] of held) {
      this.order.offer(subjectOf(update), update);
      this.keys.set(subjectOf(update), key);
    }
  }

  /**
   * Returns `false` if the update is older than that of the other view. Otherwise returns the key
   * of that one, which it replaces, if there is one.
   */
  replacedBy(update: MarketUpdate): string | undefined | false {
    const subject = subjectOf(update);
    const key = this.keys.get(subject);
    if (key === undefined) return undefined;
    if (this.order.offer(subject, update)?.verdict !== 'newest') return false;
    // From now on, the order of the new view is enough.
    this.keys.delete(subject);
    return key;
  }
}
