import {
  parseTimestamp,
  type ChainStatus,
  type ProductStatus,
  type History,
  type HistoryRequest,
  type RoomAddress,
  roomName,
  type Timestamp,
  utcDate,
  type View,
} from './contract/index.js';
import { invalidView, withView } from './addresses.js';
import type { Clock } from './clock.js';
import { SubscriptionError } from './errors.js';
import { Listeners } from './listeners.js';
import { isNewer, type MarketUpdate } from './market-update.js';
import type { AskedView } from './request.js';
import { UpdateQueue } from './update-queue.js';
import { ViewChange, ViewOrder } from './view-change.js';

/** Whether a product's price or the chains of a subscription can be relied on, and why not. */
export interface Staleness {
  readonly product: string;
  readonly stale: boolean;
  /**
   * `feed`: the gateway reports that the price has stopped. `connection`: no connection would
   * deliver a newer one.
   */
  readonly reason?: 'feed' | 'connection';
  /** The gateway's status, if it sent one. */
  readonly status?: ProductStatus;
  /** The status of the chain, if the chain has stopped and not the price of its product. */
  readonly chain?: ChainStatus;
}

/**
 * Updates of a product may be missing before those that follow, because the gateway could not replay
 * what the client missed while it was not connected.
 */
export interface Gap {
  readonly product: string;
  readonly room: string;
  /** The `timestamp` of the last update before the gap. */
  readonly since: Timestamp;
}

export interface HistoryOptions {
  /** How long to wait for the page, including the time offline, in ms. */
  readonly timeoutMs?: number | undefined;
  /** Aborts the request, which then rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

export interface SubscriptionEvents<U> {
  update: U;
  /** Only with the option `resume` of the client. */
  gap: Gap;
  /** A product of the subscription became stale, or is live again. */
  stale: Staleness;
  /** The subscription was rejected or withdrawn, and receives no more updates. */
  error: SubscriptionError;
}

/** One use of one or more rooms. The client leaves a room when its last handle is closed. */
export interface Subscription<U extends MarketUpdate = MarketUpdate> extends AsyncIterable<U, undefined> {
  /**
   * Resolves when the gateway has acknowledged every room for the first time. Rejects if it rejects
   * one.
   */
  readonly ready: Promise<void>;
  readonly rooms: readonly string[];
  /**
   * The view that the gateway grants. It may be cheaper than the one that was asked for. Undefined
   * without a view.
   */
  readonly granted: View | undefined;
  /** The last delivered update, of any product and expiry. `latestOf` has that of one of them. */
  readonly latest: U | undefined;
  /**
   * The newest update of each product and expiry, in the order in which each first arrived. Iterate
   * over the subscription itself for those that follow.
   */
  readonly updates: readonly U[];
  /**
   * The newest of each expiry that is not over, nearest first. The keys are YYYY-MM-DD for one
   * product. For several they are SYMBOL:YYYY-MM-DD, as in the names of rooms.
   */
  readonly latestByExpiry: ReadonlyMap<string, U>;
  /** The newest update of a product and expiry, if the subscription has several. */
  latestOf(symbol: string, expiry?: string): U | undefined;
  /**
   * Whether any of its products is stale, or its room is not subscribed to. True once it is closed.
   */
  readonly stale: boolean;
  /**
   * Whether it receives no more updates: it was unsubscribed or rejected, or the client is closed.
   */
  readonly closed: boolean;
  readonly error: SubscriptionError | undefined;
  /**
   * For each symbol that the gateway does not know, the known product that is spelt nearly the
   * same. Empty until the gateway has acknowledged the room.
   */
  readonly suggestions: ReadonlyMap<string, string>;
  /** Returns a function that removes the listener. */
  on<E extends keyof SubscriptionEvents<U>>(
    event: E,
    listener: (payload: SubscriptionEvents<U>[E]) => void,
  ): () => void;
  /**
   * A page of past prices of its product, or of past summaries of its chain. `request` has to name
   * the `symbol` if the subscription has several products.
   */
  history(request?: Partial<HistoryRequest>, options?: HistoryOptions): Promise<History>;
  /**
   * Changes to another view, without an older update after a newer one. Chains that were subscribed
   * to without a view cannot change to one, because their updates would have another shape.
   * Resolves when the gateway has granted the view. Otherwise rejects with a `SubscriptionError`,
   * and the subscription keeps the view that it has.
   */
  changeView(view: AskedView): Promise<void>;
  unsubscribe(): void;
}

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
