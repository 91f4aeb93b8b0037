import {
  type ChainSummary,
  type ChainUpdate,
  parseTimestamp,
  type ChainStatus,
  type ProductStatus,
  type History,
  type HistoryRequest,
  type RoomAddress,
  roomName,
  type Timestamp,
  type UnderlyingUpdate,
  utcDate,
} from './contract/index.js';
import { SubscriptionError } from './errors.js';
import { Listeners } from './listeners.js';
import { isNewer, type MarketUpdate } from './market-update.js';
import { UpdateQueue } from './update-queue.js';

/** One symbol, or several, or both. */
export type Symbols =
  | { readonly symbol: string; readonly symbols?: readonly string[] | undefined }
  | { readonly symbol?: string | undefined; readonly symbols: readonly string[] };
export type ProductRequest = Symbols & { readonly type: 'product' };
/** `expiry`, YYYY-MM-DD: only this chain. */
export type ChainRequest = Symbols & { readonly type: 'chain'; readonly expiry?: string | undefined };
export interface GeneralRequest {
  readonly type: 'general';
}
export type Request = ProductRequest | ChainRequest | GeneralRequest;

/** The updates that a subscription receives. */
export type UpdateOf<R extends Request> = R extends ProductRequest
  ? UnderlyingUpdate
  : R extends ChainRequest
    ? ChainUpdate
    : UnderlyingUpdate | ChainSummary;

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
  unsubscribe(): void;
}

export interface HandleOptions {
  readonly addresses: readonly RoomAddress[];
  readonly stalenessAt: (address: RoomAddress) => Staleness;
  readonly suggestionAt: (address: RoomAddress) => string | undefined;
  readonly history: (request: HistoryRequest, options?: HistoryOptions) => Promise<History>;
  readonly release: (handle: Handle) => void;
  readonly listenerFailed: (error: unknown) => void;
}

/** The internal side of a subscription, which the registry calls. */
export class Handle implements Subscription {
  readonly ready: Promise<void>;
  readonly rooms: readonly string[];
  readonly products: readonly string[];
  readonly addresses: readonly RoomAddress[];
  latest: MarketUpdate | undefined;
  error: SubscriptionError | undefined;
  closed = false;
  /** The last reported state of each product, so that each change is reported once. */
  private readonly said: Map<string, { readonly address: RoomAddress; stale: boolean }>;
  private readonly byKey = new Map<string, MarketUpdate>();
  private readonly listeners: Listeners<SubscriptionEvents<MarketUpdate>>;
  private readonly queues = new Set<UpdateQueue<MarketUpdate>>();
  private readonly unacknowledged: Set<string>;
  private resolveReady!: () => void;
  private rejectReady!: (error: SubscriptionError) => void;

  constructor(private readonly options: HandleOptions) {
    const { addresses } = options;
    this.addresses = addresses;
    this.rooms = addresses.map(roomName);
    this.said = new Map(
      addresses.flatMap((address) =>
        address.type === 'general'
          ? []
          : [[address.symbol, { address, stale: options.stalenessAt(address).stale }] as const],
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

  get stale(): boolean {
    return this.closed || this.addresses.some((address) => this.options.stalenessAt(address).stale);
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

  unsubscribe(): void {
    this.end();
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  deliver(key: string, update: MarketUpdate): void {
    if (this.closed) return;
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
    if (this.unacknowledged.delete(room) && this.unacknowledged.size === 0) this.resolveReady();
  }

  /** Reports the changes of the product, or of all products with `undefined`. */
  checkStaleness(product: string | undefined): void {
    for (const name of product === undefined ? this.products : [product]) {
      const said = this.said.get(name);
      const now = said && this.options.stalenessAt(said.address);
      if (!now || now.stale === said.stale) continue;
      said.stale = now.stale;
      this.listeners.emit('stale', now);
    }
  }

  /** No more updates follow. With an error, the subscription was rejected. */
  end(error?: SubscriptionError): void {
    if (this.closed) return;
    this.closed = true;
    this.error = error;
    this.options.release(this);
    this.rejectReady(error ?? new SubscriptionError('CLOSED', 'Closed before the gateway had answered'));
    for (const queue of this.queues) queue.end(error);
    this.queues.clear();
    if (error) this.listeners.emit('error', error);
    this.listeners.clear();
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
