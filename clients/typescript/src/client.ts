import type {
  ChainStatus,
  ClientLimits,
  Connected,
  ConnectedUser,
  HeartbeatAcknowledgement,
  History,
  HistoryAcknowledgement,
  HistoryRequest,
  ProductsAcknowledgement,
  MarketAddress,
  PortfolioUpdate,
  ProductStatus,
  ServerToClientEvents,
  SnapshotAcknowledgement,
  SubscriptionsAcknowledgement,
  Timestamp,
  TokenExpiring,
} from './contract/index.js';
import { PORTFOLIO_ROOM } from './contract/index.js';
import { addressesOf, invalidRequest } from './addresses.js';
import { type Clock, soon } from './clock.js';
import { type ConnectionState, Connector } from './connector.js';
import { RequestError, SubscriptionError } from './errors.js';
import type { BaseOptions, RoomHandle } from './base-handle.js';
import { Handle } from './handle.js';
import { Listeners } from './listeners.js';
import { type AnyEvent, type AnyUpdate, Market } from './market.js';
import { isMarketEvent, type MarketUpdate } from './market-update.js';
import { PORTFOLIO_ADDRESSES, PortfolioHandle, portfolioStaleness } from './portfolio.js';
import { type ClientOptions, foundation as real, type Foundation } from './options.js';
import type {
  ChainRequest,
  ChainViewRequest,
  GeneralRequest,
  PortfolioRequest,
  ProductRequest,
  Request,
  SymbolsRequest,
  UpdateOf,
} from './request.js';
import { Requests } from './requests.js';
import type { Session } from './session.js';
import { isViewIgnored, NO_VIEWS, productOf } from './streams.js';
import { StaleWatch } from './stale-watch.js';
import type { Gap, HistoryOptions, PortfolioSubscription, Staleness, Subscription } from './subscription.js';
import { TokenRefresh } from './token-refresh.js';
import { TokenSource } from './token-source.js';

const REQUEST_LIMIT_MS = 10_000;

/** Node has none of these. */
const page = globalThis as Partial<
  Record<'addEventListener' | 'removeEventListener', (event: string, listener: () => void) => void>
>;

export interface StateChange {
  readonly state: ConnectionState;
  readonly previous: ConnectionState;
  /** The reason for `reconnecting` or `closed`. */
  readonly reason?: Error;
}

/**
 * Whether updates can be expected, and if not, why not. `disconnected`: there is no connection that
 * answers. `feed_down`: the gateway is cut off from the feed. `market_closed`: every market is
 * closed. `unknown`: connected, but the gateway has not said yet, has no heartbeats, or the option
 * `heartbeatMs` is `false`.
 */
export type Health = 'live' | 'market_closed' | 'feed_down' | 'disconnected' | 'unknown';

export interface HealthChange {
  readonly health: Health;
  readonly previous: Health;
}

/** An attempt to connect, or to renew the token, failed. */
export interface ConnectProblem {
  readonly error: Error;
  /** When the client retries, in ms from now. */
  readonly retryInMs?: number;
}

type GatewayEvents = { [E in keyof ServerToClientEvents]: Parameters<ServerToClientEvents[E]>[0] };

/** Every event of the gateway, and the client's own events. */
export interface ClientEvents extends GatewayEvents {
  state: StateChange;
  /** A product became stale, or is live again. */
  stale: Staleness;
  /** Updates of a product may be missing. Only with the option `resume`. */
  gap: Gap;
  health: HealthChange;
  connect_error: ConnectProblem;
}

export interface RequestOptions {
  /** How long to wait for the response, including the time offline, in ms. */
  readonly timeoutMs?: number | undefined;
}

export interface Snapshot<U> {
  /** The newest update of each product, or of each live expiry. Empty if nothing is known. */
  readonly updates: readonly U[];
  /** The products whose price has stopped. */
  readonly stale: readonly string[];
  /** The chains that the gateway reports as stopped. The price of their product may continue. */
  readonly staleChains: readonly ChainStatus[];
}

/** A client of the gateway, which opens as many connections as it needs. */
export class SocketClient {
  private readonly listeners: Listeners<ClientEvents>;
  private readonly market: Market;
  private readonly requests: Requests;
  private readonly staleness: StaleWatch;
  private readonly connector: Connector;
  private readonly tokenRefresh: TokenRefresh;
  private readonly online = (): void => this.connector.hurry();
  private readonly clock: Clock;
  private previous: ConnectionState = 'connecting';
  private saidHealth: Health = 'disconnected';
  private info: Connected | undefined;
  private sweeping = false;

  constructor(
    url: string,
    private readonly options: ClientOptions = {},
    foundation: Foundation = real,
  ) {
    const { clock, random } = foundation;
    this.clock = clock;
    this.listeners = new Listeners((error) => this.listenerFailed(error));
    this.market = new Market(clock, {
      keepGeneral: options.general ?? true,
      resume: options.resume ?? false,
      news: (event, update) => this.news(event, update),
    });
    const session = (): Session | undefined => this.connector.active;
    this.requests = new Requests(session, clock, random);
    this.staleness = new StaleWatch(session, (change) => this.listeners.emit('stale', change));
    const tokens = new TokenSource(options.token, clock);
    const failed = (error: Error, retryInMs?: number): void =>
      this.listeners.emit('connect_error', { error, ...(retryInMs === undefined ? {} : { retryInMs }) });
    this.tokenRefresh = new TokenRefresh(tokens, clock, random, failed);
    this.connector = new Connector(
      {
        url,
        client: options,
        foundation,
        tokens,
        wanted: this.market.registry.wanted,
        sinceOf: (address) => this.market.sinceOf(address),
      },
      {
        state: (state, reason) => this.enter(state, reason),
        taken: (taken) => this.taken(taken),
        failed,
        event: (from, name, payload) => this.receive(from, name, payload),
        joined: (from, room) => from === this.connector.active && this.market.registry.acknowledged(room),
        refused: (_, room, error) => {
          if (room === PORTFOLIO_ROOM) this.market.forgetPortfolio();
          this.market.registry.refused(room, error);
        },
        postponed: (room, error) => this.market.registry.postponed(room, error),
        resumed: (room, since, recovered) => this.resumed(room, since, recovered),
        fresh: (from, product) => from === this.connector.active && this.checkStaleness(product),
      },
    );
    page.addEventListener?.('online', this.online);
    this.connector.start();
  }

  get state(): ConnectionState {
    return this.connector.state;
  }

  /** The reason for `reconnecting` or `closed`. */
  get reason(): Error | undefined {
    return this.connector.reason;
  }

  get health(): Health {
    const { active } = this.connector;
    if (!active) return 'disconnected';
    const { heartbeat } = active;
    if (!heartbeat) return 'unknown';
    if (heartbeat.feed === 'down') return 'feed_down';
    return heartbeat.market === 'closed' ? 'market_closed' : 'live';
  }

  /** From the last `connected` event, like the next two. */
  get limits(): ClientLimits | undefined {
    return this.info?.limits;
  }

  /** `expires_at` is that of the token in use, also after it was refreshed. */
  get user(): ConnectedUser | undefined {
    return this.info?.user ?? undefined;
  }

  get clientId(): string | undefined {
    return this.info?.client_id;
  }

  /** The name of the replica of the last connection. Gateways before this field do not send it. */
  get replica(): string | undefined {
    return this.info?.replica;
  }

  /**
   * Returns a function that removes the listener. The client passes on only updates that are
   * subscribed to, and never an older one after a newer one.
   */
  on<E extends keyof ClientEvents>(event: E, listener: (payload: ClientEvents[E]) => void): () => void {
    return this.listeners.on(event, listener);
  }

  /** Never throws: an invalid request rejects `ready`. */
  subscribe(request: ProductRequest): Subscription<UpdateOf<ProductRequest>>;
  subscribe(request: ChainRequest): Subscription<UpdateOf<ChainRequest>>;
  subscribe(request: ChainViewRequest): Subscription<UpdateOf<ChainViewRequest>>;
  subscribe(request: GeneralRequest): Subscription<UpdateOf<GeneralRequest>>;
  /** @typeParam P the portfolio with the fields that the platform gives it */
  subscribe<P extends PortfolioUpdate = PortfolioUpdate>(request: PortfolioRequest): PortfolioSubscription<P>;
  subscribe(request: Request): Subscription;
  subscribe(request: Request | PortfolioRequest): Subscription | PortfolioSubscription {
    const invalid = isPortfolio(request) ? undefined : invalidRequest(request);
    const options: BaseOptions = {
      release: (released) => this.release(released),
      listenerFailed: (error) => this.listenerFailed(error),
    };
    const handle = isPortfolio(request)
      ? new PortfolioHandle(() => portfolioStaleness(this.connector.active), options)
      : new Handle({
          ...options,
          addresses: invalid ? [] : addressesOf(request),
          clock: this.clock,
          stalenessAt: (address) => this.staleness.stalenessAt(address),
          suggestionAt: (address) => this.connector.active?.suggestionAt(address),
          history: (asked, limits) => this.history(asked, limits),
          move: (moved, to) => this.move(moved, to),
        });
    const refusal = invalid ?? this.closedError();
    if (refusal) {
      handle.end(refusal);
      return handle;
    }
    for (const product of handle.products) this.staleness.follow(product);
    this.add(handle);
    return handle;
  }

  /**
   * Whether the price of a product cannot be relied on, because it has stopped or because no
   * connection would deliver a newer one. For a request: the same as for a subscription to it.
   */
  isStale(what: string | SymbolsRequest | PortfolioRequest): boolean {
    if (isPortfolio(what)) return portfolioStaleness(this.connector.active).stale;
    if (typeof what === 'string') return this.staleness.stalenessOf(what).stale;
    if (invalidRequest(what)) return true;
    return addressesOf(what).some((address) => this.staleness.stalenessAt(address).stale);
  }

  /**
   * The updates that a subscription to this request would hold at once, without subscribing. Empty
   * unless another subscription has received them.
   */
  held<R extends SymbolsRequest | PortfolioRequest>(request: R): readonly UpdateOf<R>[] {
    const addresses = isPortfolio(request)
      ? PORTFOLIO_ADDRESSES
      : invalidRequest(request)
        ? []
        : addressesOf(request);
    return this.market.held(addresses) as unknown as UpdateOf<R>[];
  }

  async products({ timeoutMs }: RequestOptions = {}): Promise<readonly string[]> {
    return (await this.ask<ProductsAcknowledgement>('get_products', undefined, timeoutMs)).products;
  }

  /** The rooms that the client is in, according to the gateway. */
  async subscriptions({ timeoutMs }: RequestOptions = {}): Promise<readonly string[]> {
    return (await this.ask<SubscriptionsAcknowledgement>('list_subscriptions', undefined, timeoutMs)).rooms;
  }

  /**
   * How long a question to the gateway and its answer take on the connection in use, in ms. The
   * answer comes at once, so this includes the time that both programs are busy. Rejects with the
   * code `UNKNOWN_EVENT` if the gateway is too old to answer.
   */
  async latency({ timeoutMs }: RequestOptions = {}): Promise<number> {
    let askedAt = 0;
    const asking = (): void => void (askedAt = this.clock.now());
    await this.ask<HeartbeatAcknowledgement>('get_heartbeat', undefined, timeoutMs, asking);
    return this.clock.now() - askedAt;
  }

  /** The updates that a subscription would receive at once, without subscribing. */
  async snapshot<R extends SymbolsRequest>(
    request: R,
    { timeoutMs = this.limitMs }: RequestOptions = {},
  ): Promise<Snapshot<UpdateOf<R>>> {
    const invalid = invalidRequest(request);
    if (invalid) throw new RequestError(invalid.code, invalid.message, invalid.details);
    const addresses = addressesOf(request);
    const collector = this.market.collect(addresses);
    try {
      const asked = this.ask<SnapshotAcknowledgement>('get_snapshot', request, timeoutMs, () =>
        collector.restart(),
      );
      const { rooms, snapshots } = await asked;
      if (addresses.some((address) => isViewIgnored(address, rooms)))
        throw new RequestError('INVALID_VIEW', NO_VIEWS);
      await this.requests.within(
        timeoutMs,
        collector.whenComplete(new Map(snapshots.map(({ room, updates }) => [room, updates]))),
      );
    } finally {
      this.market.collected(collector);
    }
    const updates = collector.updates().map(([key, update]) => this.market.newest(key, update));
    return {
      updates: updates as UpdateOf<R>[],
      stale: collector.staleProducts(),
      staleChains: collector.staleChains(),
    };
  }

  /**
   * A page of past prices, chain summaries, bars or portfolios, or the first chain of the session.
   * `historyPages` has the pages that follow. If the gateway does not know the product, `suggestions`
   * may have one that is spelt nearly the same. Rejects with a `RequestError`, or with the reason of
   * the `signal`.
   */
  async history(
    request: HistoryRequest,
    { timeoutMs, signal }: HistoryOptions = {},
  ): Promise<History & Pick<HistoryAcknowledgement, 'suggestions'>> {
    const asked = this.ask<HistoryAcknowledgement>('get_history', request, timeoutMs, undefined, signal);
    const { ok: _ok, rooms: _rooms, ...page } = await asked;
    return page;
  }

  /** Closes the connection and every subscription permanently. */
  close(): void {
    this.connector.close();
  }

  private get limitMs(): number {
    return this.options.requestTimeoutMs ?? REQUEST_LIMIT_MS;
  }

  private ask<A extends { readonly ok: true }>(
    event: string,
    payload: unknown,
    timeoutMs = this.limitMs,
    asking?: () => void,
    signal?: AbortSignal,
  ): Promise<A> {
    const closed = this.closedError();
    if (closed) return Promise.reject(new RequestError('CLOSED', closed.message, [], undefined));
    return this.requests.ask<A>(event, payload, timeoutMs, asking, signal);
  }

  private closedError(): SubscriptionError | undefined {
    if (this.state !== 'closed') return undefined;
    return new SubscriptionError('CLOSED', this.reason?.message ?? 'The client is closed');
  }

  private taken(session: Session): void {
    this.info = session.info;
    this.market.takeOver(session);
    for (const room of this.market.registry.wanted.keys()) {
      if (session.isIn(room)) this.market.registry.acknowledged(room);
    }
    this.requests.resend(session);
    if (session.info) this.listeners.emit('connected', session.info);
    this.checkStaleness(undefined);
    this.checkHealth();
  }

  private enter(state: ConnectionState, reason: Error | undefined): void {
    const previous = this.previous;
    this.previous = state;
    if (state === 'reconnecting' || state === 'closed') {
      this.tokenRefresh.stop();
      this.checkStaleness(undefined);
    }
    if (state === 'closed') this.end(reason);
    this.listeners.emit('state', { state, previous, ...(reason ? { reason } : {}) });
    this.checkHealth();
    if (state === 'closed') this.listeners.clear();
  }

  private end(reason: Error | undefined): void {
    page.removeEventListener?.('online', this.online);
    this.market.forgetHandover();
    const error = reason && new SubscriptionError('CLOSED', reason.message, [], undefined, { cause: reason });
    // Its user may have been signed out.
    if (error) this.market.forgetPortfolio();
    for (const handle of this.market.registry.all()) handle.end(error);
    this.requests.close(new RequestError('CLOSED', reason?.message ?? 'The client is closed'));
  }

  /** The gateway has joined the client to a room again. */
  private resumed(room: string, since: Timestamp, recovered: boolean): void {
    if (recovered) {
      this.market.recovered(room);
      return;
    }
    const gap: Gap = { product: productOf(room)!, room, since };
    this.market.registry.missed(gap);
    this.listeners.emit('gap', gap);
  }

  private receive(session: Session, name: string, payload: unknown): void {
    if (session !== this.connector.active) {
      // The connection in use delivers the same events. Those of this connection are taken over
      // together with it.
      if (isMarketEvent(name)) this.market.hold(name, payload as MarketUpdate);
      return;
    }
    if (name === 'connected') return; // `taken` reports this event
    if (isMarketEvent(name)) {
      this.market.offer(name, payload as MarketUpdate);
      return;
    }
    if (name === 'portfolio_update') {
      this.market.offerPortfolio(payload as PortfolioUpdate);
      this.checkPortfolio();
      return;
    }
    if (name === 'token_expiring') this.tokenRefresh.start(session, payload as TokenExpiring);
    if (name === 'token_refreshed') {
      this.info = session.info;
      this.tokenRefresh.renewed();
    }
    if (name === 'feed_status') {
      const { product, status } = payload as ProductStatus;
      this.staleness.follow(product);
      this.market.sawStatus(product, status === 'stale');
    }
    if (name === 'chain_status') this.market.sawChainStatus(payload as ChainStatus);
    if (name === 'portfolio_status') this.checkPortfolio();
    this.listeners.emit(name as keyof GatewayEvents, payload as never);
    if (name === 'heartbeat') this.checkHealth();
  }

  private news(event: AnyEvent, update: AnyUpdate): void {
    if (event !== 'portfolio_update') this.staleness.follow((update as MarketUpdate).product);
    this.listeners.emit(event, update);
  }

  private add(handle: RoomHandle): void {
    this.market.registry.add(handle);
    this.market.catchUp(handle, (room) => this.connector.active?.isIn(room) === true);
    this.connector.wantedChanged();
  }

  private move(handle: Handle, addresses: readonly MarketAddress[]): void {
    this.market.registry.remove(handle);
    handle.addresses = addresses;
    this.add(handle);
    this.sweep();
  }

  private release(handle: RoomHandle): void {
    this.market.registry.remove(handle);
    this.connector.wantedChanged();
    this.sweep();
  }

  /** Forgets soon what no subscription needs any more. */
  private sweep(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    soon(() => {
      this.sweeping = false;
      this.market.sweep();
      if (this.market.covers('general')) return;
      this.staleness.keep((product) => this.market.registry.ofProduct(product).length > 0);
    });
  }

  private checkStaleness(product: string | undefined): void {
    const { registry } = this.market;
    for (const handle of product === undefined ? registry.all() : registry.ofProduct(product)) {
      handle.checkStaleness(product);
    }
    this.staleness.check(product);
  }

  private checkPortfolio(): void {
    for (const handle of this.market.registry.of(PORTFOLIO_ROOM)) handle.checkStaleness(undefined);
  }

  private checkHealth(): void {
    const previous = this.saidHealth;
    const { health } = this;
    if (health === previous) return;
    this.saidHealth = health;
    this.listeners.emit('health', { health, previous });
  }

  private listenerFailed(error: unknown): void {
    const { onListenerError = console.error } = this.options;
    onListenerError(error);
  }
}

/** @param request as a JavaScript caller may have passed it */
function isPortfolio(request: unknown): request is PortfolioRequest {
  return (request as { type?: unknown } | undefined)?.type === PORTFOLIO_ROOM;
}
