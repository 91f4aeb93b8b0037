import type {
  ChainStatus,
  History,
  HistoryRequest,
  PortfolioStatus,
  PortfolioUpdate,
  ProductStatus,
  Timestamp,
  View,
} from './contract/index.js';
import type { SubscriptionError } from './errors.js';
import type { MarketUpdate } from './market-update.js';
import type { AskedView } from './request.js';

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

/** What the subscriptions to market data and to the portfolio have in common. */
export interface BaseSubscription<U, Events> extends AsyncIterable<U, undefined> {
  /**
   * Resolves when the gateway has acknowledged every room for the first time. Rejects if it rejects
   * one.
   */
  readonly ready: Promise<void>;
  readonly rooms: readonly string[];
  /** The last delivered update. */
  readonly latest: U | undefined;
  /**
   * Whether any of its data is stale, or its room is not subscribed to. True once it is closed.
   */
  readonly stale: boolean;
  /**
   * Whether it receives no more updates: it was unsubscribed or rejected, or the client is closed.
   */
  readonly closed: boolean;
  readonly error: SubscriptionError | undefined;
  /** Returns a function that removes the listener. */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): () => void;
  unsubscribe(): void;
}

/** One use of one or more rooms. The client leaves a room when its last handle is closed. */
export interface Subscription<U extends MarketUpdate = MarketUpdate> extends BaseSubscription<
  U,
  SubscriptionEvents<U>
> {
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
   * For each symbol that the gateway does not know, the known product that is spelt nearly the
   * same. Empty until the gateway has acknowledged the room.
   */
  readonly suggestions: ReadonlyMap<string, string>;
  /**
   * A page of past prices of its product, or of past summaries of its chain. With the type `opening`
   * in `request`, it is the first chain of the session. `request` has to name the `symbol` if the
   * subscription has several products.
   */
  history(request?: Partial<HistoryRequest>, options?: HistoryOptions): Promise<History>;
  /**
   * Changes to another view, without an older update after a newer one. Chains that were subscribed
   * to without a view cannot change to one, because their updates would have another shape.
   * Resolves when the gateway has granted the view. Otherwise rejects with a `SubscriptionError`,
   * and the subscription keeps the view that it has.
   */
  changeView(view: AskedView): Promise<void>;
}

/** Whether the portfolio can be relied on, and why not. */
export interface PortfolioStaleness {
  readonly stale: boolean;
  /**
   * `feed`: the gateway reports that the portfolio is not updated. `connection`: no connection would
   * deliver a newer one, or the gateway has not sent it on this connection yet.
   */
  readonly reason?: 'feed' | 'connection';
  /** The gateway's status, if it reported the portfolio as stale. */
  readonly status?: PortfolioStatus;
}

export interface PortfolioEvents<P> {
  update: P;
  stale: PortfolioStaleness;
  /**
   * `latest` is undefined from now on: the client has connected with the token of another user, whose
   * portfolio may follow, or the subscription ends with `error`.
   */
  reset: undefined;
  /** The subscription was rejected or withdrawn, and receives no more updates. */
  error: SubscriptionError;
}

/** A subscription to the portfolio of the token's user. */
export type PortfolioSubscription<P extends PortfolioUpdate = PortfolioUpdate> = BaseSubscription<
  P,
  PortfolioEvents<P>
>;
