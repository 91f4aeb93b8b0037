import {
  type History,
  type HistoryRequest,
  parseTimestamp,
  type RoomAddress,
  roomName,
  utcDate,
  type View,
} from './contract/index.js';
import { invalidView, withView } from './addresses.js';
import type { Clock } from './clock.js';
import { SubscriptionError } from './errors.js';
import { Listeners } from './listeners.js';
import { isNewer, type MarketUpdate } from './market-update.js';
import type { AskedView } from './request.js';
import type { Gap, HistoryOptions, Staleness, Subscription, SubscriptionEvents } from './subscription.js';
import { UpdateQueue } from './update-queue.js';
import { ViewChange, ViewOrder } from './view-change.js';

export interface HandleOptions {
  readonly addresses: readonly RoomAddress[];
  readonly clock: Clock;
  readonly stalenessAt: (address: RoomAddress) => Staleness;
  readonly suggestionAt: (address: RoomAddress) => string | undefined;
  readonly history: (request: HistoryRequest, options?: HistoryOptions) => Promise<History>;
  /** Subscribes to other views of the rooms, instead of those that the handle has. */
  readonly move: (handle: Handle, addresses: readonly RoomAddress[]) => void;
  readonly release: (handle: Handle) => void;
  readonly listenerFailed: (error: unknown) => void;
}

/** The internal side of a subscription, which the registry calls. */
export class Handle implements Subscription {
  readonly ready: Promise<void>;
  readonly products: readonly string[];
  /** The wanted rooms. Only `move` of the options changes them. */
  addresses: readonly RoomAddress[];
  latest: MarketUpdate | undefined;
  error: SubscriptionError | undefined;
  closed = false;
  /** The last reported state of each product, so that each change is reported once. */
  private readonly said: Map<string, boolean>;
  private readonly byKey = new Map<string, MarketUpdate>();
  private readonly listeners: Listeners<SubscriptionEvents<MarketUpdate>>;
  private readonly queues = new Set<UpdateQueue<MarketUpdate>>();
  private unacknowledged: Set<string>;
  private change: ViewChange | undefined;
  private viewOrder: ViewOrder | undefined;
  private resolveReady!: () => void;
  private rejectReady!: (error: SubscriptionError) => void;

  constructor(private readonly options: HandleOptions) {
    const { addresses } = options;
    this.addresses = addresses;
    this.said = new Map(
      addresses.flatMap((address) =>
        address.type === 'general' ? [] : [[address.symbol, options.stalenessAt(address).stale] as const],
      ),
    );
    this.products = [...this.said.keys()];
    this.unacknowledged = new Set(this.rooms);
    this.listeners = new Listeners(options.listenerFailed);
    this.ready = new Promise(
      (resolve, reject) => ([this.resolveReady, this.rejectReady] = [resolve, reject]),
    );
    // Code that ignores `ready` learns of a rejection from `error`. Otherwise Node would end the
    // process.
    this.ready.catch(() => undefined);
  }

  get rooms(): readonly string[] {
    return this.addresses.map(roomName);
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
      if (address.type !== 'general' && suggestion !== undefined) found.set(address.symbol, suggestion);
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

  on<E extends keyof SubscriptionEvents<MarketUpdate>>(
    event: E,
    listener: (payload: SubscriptionEvents<MarketUpdate>[E]) => void,
  ): () => void {
    return this.listeners.on(event, listener);
  }

  [Symbol.asyncIterator](): AsyncIterator<MarketUpdate, undefined> {
    const queue = new UpdateQueue<MarketUpdate>((left) => this.queues.delete(left));
    if (this.closed) {
      queue.end(this.error);
      return queue;
    }
    for (const [key, update] of this.byKey) queue.push(key, update);
    this.queues.add(queue);
    return queue;
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
      } as HistoryRequest,
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

  unsubscribe(): void {
    this.end();
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  deliver(key: string, update: MarketUpdate): void {
    if (this.closed) return;
    const replaced = this.viewOrder?.replacedBy(update);
    if (replaced === false) return;
    if (replaced !== undefined) this.byKey.delete(replaced);
    this.byKey.set(key, update);
    this.latest = update;
    this.forgetExpired(update);
    for (const queue of this.queues) queue.push(key, update);
    this.listeners.emit('update', update);
  }

  missed(gap: Gap): void {
    this.listeners.emit('gap', gap);
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
      if (address.type === 'general' || (product !== undefined && address.symbol !== product)) continue;
      const now = this.options.stalenessAt(address);
      if (now.stale === this.said.get(address.symbol)) continue;
      this.said.set(address.symbol, now.stale);
      this.listeners.emit('stale', now);
    }
  }

  /** No more updates follow. With an error, the subscription was rejected. */
  end(error?: SubscriptionError): void {
    if (this.closed) return;
    this.closed = true;
    this.error = error;
    this.options.release(this);
    const reason = error ?? new SubscriptionError('CLOSED', 'Closed before the gateway had answered');
    this.rejectReady(reason);
    this.change?.reject(reason);
    for (const queue of this.queues) queue.end(error);
    this.queues.clear();
    if (error) this.listeners.emit('error', error);
    this.listeners.clear();
  }

  private get isReady(): boolean {
    return this.unacknowledged.size === 0;
  }

  /** The rooms that bring updates: while the view changes, still those of the last one. */
  private get served(): readonly RoomAddress[] {
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

  private move(addresses: readonly RoomAddress[]): void {
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
