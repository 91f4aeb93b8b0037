import {
  type History,
  type HistoryRequest,
  type MarketAddress,
  parseTimestamp,
  roomName,
  utcDate,
  type View,
} from './contract/index.js';
import { invalidView, withView } from './addresses.js';
import { BaseHandle, type BaseOptions } from './base-handle.js';
import type { Clock } from './clock.js';
import { SubscriptionError } from './errors.js';
import { isNewer, type MarketUpdate } from './market-update.js';
import type { AskedView } from './request.js';
import type { HistoryOptions, Staleness, Subscription } from './subscription.js';
import { symbolOf } from './streams.js';
import { ViewChange, ViewOrder } from './view-change.js';

export interface HandleOptions extends BaseOptions {
  readonly addresses: readonly MarketAddress[];
  readonly clock: Clock;
  readonly stalenessAt: (address: MarketAddress) => Staleness;
  readonly suggestionAt: (address: MarketAddress) => string | undefined;
  readonly history: (request: HistoryRequest, options?: HistoryOptions) => Promise<History>;
  /** Subscribes to other views of the rooms, instead of those that the handle has. */
  readonly move: (handle: Handle, addresses: readonly MarketAddress[]) => void;
}

/** The internal side of a subscription, which the registry calls. */
export class Handle extends BaseHandle<MarketUpdate, Staleness> implements Subscription {
  readonly products: readonly string[];
  declare protected readonly options: HandleOptions;
  /** The wanted rooms. Only `move` of the options changes them. */
  addresses: readonly MarketAddress[];
  private unacknowledged: Set<string>;
  private change: ViewChange | undefined;
  private viewOrder: ViewOrder | undefined;

  constructor(options: HandleOptions) {
    super(options);
    const { addresses } = options;
    this.addresses = addresses;
    this.products = addresses.flatMap((address) => symbolOf(address) ?? []);
    for (const address of addresses) this.said.set(symbolOf(address)!, options.stalenessAt(address).stale);
    this.unacknowledged = new Set(this.rooms);
  }

  get granted(): View | undefined {
    return this.served[0]?.view;
  }

  get stale(): boolean {
    return this.closed || this.served.some((address) => this.options.stalenessAt(address).stale);
  }

  get suggestions(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const address of this.closed ? [] : this.addresses) {
      const suggestion = this.options.suggestionAt(address);
      if (suggestion !== undefined) found.set(symbolOf(address)!, suggestion);
    }
    return found;
  }

  get updates(): readonly MarketUpdate[] {
    return [...this.byKey.values()];
  }

  get latestByExpiry(): ReadonlyMap<string, MarketUpdate> {
    const chains = this.updates.filter((update) => 'expiry' in update);
    chains.sort((a, b) => (a.expiry + a.product < b.expiry + b.product ? -1 : 1));
    const several = this.products.length !== 1;
    return new Map(
      chains.map((chain) => [several ? `${chain.product}:${chain.expiry}` : chain.expiry, chain]),
    );
  }

  latestOf(symbol: string, expiry?: string): MarketUpdate | undefined {
    let found: MarketUpdate | undefined;
    for (const update of this.byKey.values()) {
      const right =
        update.product === symbol &&
        (expiry === undefined || ('expiry' in update && update.expiry === expiry));
      if (right && (!found || isNewer(update, found))) found = update;
    }
    return found;
  }

  history(request?: Partial<HistoryRequest>, options?: HistoryOptions): Promise<History> {
    const [address] = this.addresses;
    return this.options.history(
      {
        type: address?.type === 'chain' ? 'summary' : 'product',
        // The gateway refuses a request without a symbol, and says so.
        ...(this.products.length === 1 ? { symbol: this.products[0] } : {}),
        ...(address?.type === 'chain' && address.expiry ? { expiry: address.expiry } : {}),
        ...request,
      },
      options,
    );
  }

  changeView(view: AskedView): Promise<void> {
    const refusal = this.refusalOf(view);
    if (refusal) return Promise.reject(refusal);
    const before = this.change ? this.change.before : this.isReady ? this.addresses : undefined;
    const addresses = this.addresses.map((address) => withView(address, view));
    const rooms = addresses.map(roomName);
    if (rooms.join() === this.rooms.join()) return this.change?.done ?? Promise.resolve();
    const change = new ViewChange(before, rooms);
    this.change?.resolve(change.done);
    this.change = change;
    this.move(addresses);
    return change.done;
  }

  /**
   * The gateway refuses a room. Returns whether the handle has asked for it to change its view, and
   * now keeps the view that it had.
   */
  keepView(error: SubscriptionError): boolean {
    const { change } = this;
    if (!change?.before) return false;
    this.change = undefined;
    this.move(change.before);
    change.reject(error);
    return true;
  }

  override deliver(key: string, update: MarketUpdate): void {
    if (this.closed) return;
    const replaced = this.viewOrder?.replacedBy(update);
    if (replaced === false) return;
    if (replaced !== undefined) this.byKey.delete(replaced);
    this.byKey.set(key, update);
    this.forgetExpired(update);
    super.deliver(key, update);
  }

  acknowledged(room: string): void {
    if (this.unacknowledged.delete(room) && this.isReady) this.resolveReady();
    const { change } = this;
    if (!change?.granted(room)) return;
    this.change = undefined;
    this.checkStaleness(undefined);
    change.resolve();
  }

  /** Reports the changes of the product, or of all products with `undefined`. */
  checkStaleness(product: string | undefined): void {
    for (const address of this.served) {
      if (address.type === 'general' || (product ?? address.symbol) !== address.symbol) continue;
      this.report(address.symbol, this.options.stalenessAt(address));
    }
  }

  protected override ended(reason: SubscriptionError): void {
    this.change?.reject(reason);
  }

  private get isReady(): boolean {
    return this.unacknowledged.size === 0;
  }

  /** The rooms that bring updates: while the view changes, still those of the last one. */
  private get served(): readonly MarketAddress[] {
    return this.change?.before ?? this.addresses;
  }

  private refusalOf(view: AskedView): SubscriptionError | undefined {
    const [address] = this.addresses;
    if (this.closed || !address) return this.error ?? new SubscriptionError('CLOSED', 'It was unsubscribed');
    if (address.type === 'chain' && !address.view)
      return new SubscriptionError(
        'INVALID_VIEW',
        'Chains that were subscribed to without a view cannot change to one. Subscribe to them again.',
      );
    return invalidView(address.type, view);
  }

  private move(addresses: readonly MarketAddress[]): void {
    // Updates of other columns have other keys. Those of a product or of `general` have the same.
    if (addresses[0]?.type === 'chain') this.viewOrder = new ViewOrder(this.options.clock, this.byKey);
    if (!this.isReady) this.unacknowledged = new Set(addresses.map(roomName));
    this.options.move(this, addresses);
  }

  /**
   * Uses the feed's own time, as the gateway does. Each day adds an expiry, and without this none
   * would be removed.
   */
  private forgetExpired(update: MarketUpdate): void {
    if (!('expiry' in update)) return;
    const time = parseTimestamp(update.timestamp);
    if (time === undefined) return;
    const today = utcDate(time);
    for (const [key, held] of this.byKey) {
      const over =
        'expiry' in held && held.product === update.product && held !== update && held.expiry < today;
      if (over) this.byKey.delete(key);
    }
  }
}
