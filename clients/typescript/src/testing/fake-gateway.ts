import {
  type ChainStatus,
  type ChainSummary,
  type ChainUpdate,
  chainRoom,
  type ClientLimits,
  type ClosingCode,
  CONNECTED_MESSAGE,
  type ConnectedUser,
  type ConnectErrorCode,
  ERROR_CODES,
  type ErrorCode,
  type ErrorDetail,
  type FeedGap,
  GENERAL_ROOM,
  type Notice,
  PORTFOLIO_ROOM,
  type PortfolioUpdate,
  type HistoryRequest,
  type MarketHistory,
  type ProductStatus,
  productRoom,
  type MarketAddress,
  marketAddress,
  roomAddress,
  type RoomAddress,
  roomName,
  type RoomSnapshot,
  type SnapshotAddress,
  type SubscribeRequest,
  type SubscriptionAcknowledgement,
  type SubscriptionConfirmed,
  type UnderlyingUpdate,
  type ViewContent,
  viewName,
} from '../contract/index.js';
import { addressesOf } from '../addresses.js';
import { SocketClient } from '../client.js';
import { soon, systemClock, type Timer } from '../clock.js';
import type { ClientOptions, Foundation } from '../options.js';
import type { Request } from '../request.js';
import { baseOf, productOf, viewStream } from '../streams.js';
import { FakeConnection } from './fake-connection.js';
import { FakeHistory } from './fake-history.js';
import { type ChainFields, FakeMarket } from './fake-market.js';
import { FakePortfolios } from './fake-portfolios.js';
import { viewOf } from './fake-view.js';
import { nearSymbol } from './near-symbol.js';
import { invalid, Rejection } from './rejection.js';

export type { ChainFields } from './fake-market.js';

/**
 * Decides about the token of a client, when it connects and when it renews its token. Returns the
 * user, whose missing fields are filled in; `null` for an anonymous client; or why the client is
 * refused.
 */
export type Authenticate = (token: string | undefined) => Partial<ConnectedUser> | ConnectErrorCode | null;

export interface FakeGatewayOptions {
  /** The products that the gateway expects (`PRODUCTS`). Others are known once they are published. */
  readonly products?: readonly string[] | undefined;
  /** Overrides single limits, which clients get with `connected`. */
  readonly limits?: Partial<ClientLimits> | undefined;
  /** Without it, authentication is off: every client is anonymous, and its token is ignored. */
  readonly authenticate?: Authenticate | undefined;
}

export interface RejectionOptions {
  readonly message?: string | undefined;
  /** Sent as `retry_after_ms`. */
  readonly retryAfterMs?: number | undefined;
}

/** A request that a client has sent. */
export interface ReceivedRequest {
  /** Such as `subscribe`. */
  readonly event: string;
  readonly payload: unknown;
  readonly client: SocketClient | undefined;
}

type Ack = (answer: unknown) => void;

/** The default limits of a gateway. */
export const LIMITS: ClientLimits = {
  max_symbols_per_request: 100,
  max_subscriptions: 1_000,
  max_payload_bytes: 65_536,
  max_symbol_length: 32,
  events_per_second: 50,
  event_burst: 1_200,
  work_per_second: 1_000,
  work_burst: 10_000,
  max_unknown_subscriptions: 250,
  max_chains_per_snapshot: 64,
  max_history_rows: 5_000,
  history_seconds: 3_600,
  max_connections_per_user: 100,
  max_connections_per_ip: null,
};

const USER = { user_id: '42', role: 'user' } as const;
const TOKEN_SECONDS = 3_600;
const RETRY_MS = 1_000;
const RETRY_UNKNOWN_MS = 30_000;
/** The refusals after which the gateway asks a client to try again. */
const TEMPORARY: ReadonlySet<ConnectErrorCode> = new Set(['AUTH_UNAVAILABLE', 'TOO_MANY_CONNECTIONS']);
/** The refusals that name the rooms that are refused for now. */
const PARTIAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['TOO_MANY_SUBSCRIPTIONS', 'TOO_MANY_VIEWS']);
/** So that tests need not wait for the back-off of real connections, in ms. */
const BACKOFF = { reconnectionDelay: 10, reconnectionDelayMax: 100 } as const;
const DRAIN_MS = 1_000;
const NOTICE_MS = 60_000;
/** More turns than any chain of promises in the client has. */
const SETTLE_TURNS = 100;

/**
 * A gateway in memory, for the tests of applications. Real clients connect to it without a network:
 * it sends what the real gateway would send, and the test decides when. It grants the `max_rate` of
 * a view, but sends each update at once.
 */
export class FakeGateway {
  /** Every request that was received, in order. */
  readonly requests: ReceivedRequest[] = [];
  private readonly market: FakeMarket;
  private readonly portfolios: FakePortfolios;
  private readonly history = new FakeHistory();
  private readonly limits: ClientLimits;
  private readonly open = new Set<FakeConnection>();
  private readonly clients = new Set<SocketClient>();
  private readonly rejections = new Map<string, readonly [ErrorCode, RejectionOptions]>();
  /** Tokens that have expired or were revoked. */
  private readonly endedTokens = new Map<string, 'TOKEN_EXPIRED' | 'TOKEN_REVOKED'>();
  /** The products and chains without data that a client waits for: `NIFTY`, `NIFTY:2026-11-26`, `NIFTY:*`. */
  private readonly awaited = new Set<string>();
  private readonly timers = new Set<Timer>();
  private isReachable = true;
  private made = 0;

  constructor(private readonly options: FakeGatewayOptions = {}) {
    this.market = new FakeMarket(options.products ?? []);
    this.portfolios = new FakePortfolios(
      () => this.market.now(),
      () => this.up(),
    );
    this.limits = { ...LIMITS, ...options.limits };
  }

  /**
   * Returns a real client that is connecting to this gateway. `options` are those of `connect()`.
   * The client retries within 100 ms, unless `socketOptions` has other delays.
   */
  connect(options: ClientOptions = {}): SocketClient {
    let client: SocketClient | undefined = undefined;
    const handlers = {
      handshake: (connection: FakeConnection) => this.handshake(connection),
      request: (connection: FakeConnection, event: string, payload: unknown, ack: Ack) =>
        this.request(connection, event, payload, ack),
      closed: (connection: FakeConnection) => void this.open.delete(connection),
    };
    const foundation: Foundation = {
      clock: systemClock,
      random: () => 0.5,
      open: (_url, { auth }) => {
        const connection = new FakeConnection(() => client, auth, handlers);
        this.open.add(connection);
        return connection;
      },
    };
    const socketOptions = { ...BACKOFF, ...options.socketOptions };
    client = new SocketClient('http://fake-gateway', { ...options, socketOptions }, foundation);
    this.clients.add(client);
    return client;
  }

  /**
   * Resolves when everything that clients and gateway have to say to each other has arrived. It
   * waits for no timer, so it also works with fake timers.
   */
  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLE_TURNS; turn++) await Promise.resolve();
  }

  /** Closes every client that it connected, and stops its timers. */
  close(): void {
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
    for (const client of this.clients) client.close();
    this.clients.clear();
  }

  /** How many connections there are. A client has two while it leaves a draining gateway. */
  get connections(): number {
    return this.up().length;
  }

  /** The rooms that the client is in, or any client without an argument, sorted. */
  rooms(client?: SocketClient): string[] {
    return [...new Set(this.up(client).flatMap(({ rooms }) => [...rooms]))].sort();
  }

  /**
   * Publishes a price, as the platform does. Its time is the present one, unless `fields` has
   * another `timestamp`. As at the gateway, an update that is not newer than the last one is
   * dropped.
   */
  publishPrice(
    product: string,
    price: number,
    fields: Readonly<Record<string, unknown>> = {},
  ): UnderlyingUpdate {
    const update = this.market.makePrice(product, price, fields);
    if (!this.market.isNews(update)) return update;
    this.observe(update);
    this.history.recordPrice(update);
    this.broadcast([GENERAL_ROOM, productRoom(product)], `price:${product}`, 'underlying_update', update);
    return update;
  }

  /**
   * Publishes a chain, as the platform does: `chain_summary` to `general`, `chain_update` to the
   * rooms of the chain, and `chain_view` to their views. What `fields` leaves out gets a plausible value. With `strikes` and no
   * legs, each strike gets a call and a put without prices.
   */
  publishChain(fields: ChainFields): ChainUpdate {
    const update = this.market.makeChain(fields);
    if (!this.market.isNews(update)) return update;
    const { product, expiry } = update;
    this.observe(update);
    this.history.recordChain(update);
    this.broadcast([GENERAL_ROOM], `summary:${product}:${expiry}`, 'chain_summary', summaryOf(update));
    this.broadcast(
      [chainRoom(product), chainRoom(product, expiry)],
      `chain:${product}:${expiry}`,
      'chain_update',
      update,
    );
    for (const connection of this.up()) this.sendViews(connection, update);
    return update;
  }

  /** The price of the product has stopped: `feed_status` with `stale`. The next price ends it. */
  markStale(product: string): void {
    if (!this.market.setStale(product, true)) return;
    this.announce(this.market.staleStatus(product)!, this.market.hasPrice(product));
  }

  /** The price moves again: `feed_status` with `live`, and the last price with a new time. */
  markLive(product: string): void {
    const last = this.market.priceOf(product);
    if (!last) throw new Error(`${product} has no price yet. Use publishPrice, after which it is live.`);
    const { price, timestamp: _timestamp, processed_at: _processed, ...fields } = last;
    this.publishPrice(product, price, fields);
  }

  /** The chain has stopped: `chain_status` with `stale`. The next chain ends it. */
  markChainStale(product: string, expiry: string): void {
    if (!this.market.chainOf(product, expiry))
      throw new Error(`${product} has no chain of ${expiry}. Use publishChain first.`);
    if (!this.market.setChainStale(product, expiry, true)) return;
    this.announceChain(this.market.staleChainStatus(product, expiry)!);
  }

  /** The chain moves again: `chain_status` with `live`, and the last chain with a new time. */
  markChainLive(product: string, expiry: string): void {
    const last = this.market.chainOf(product, expiry);
    if (!last)
      throw new Error(`${product} has no chain of ${expiry}. Use publishChain, after which it is live.`);
    const { timestamp: _timestamp, processed_at: _processed, ...fields } = last;
    this.publishChain(fields);
  }

  /**
   * Publishes the portfolio of a user, as the platform does: `portfolio_update` to the clients of
   * this user that are subscribed to it. Its time is the present one, unless `fields` has another
   * `timestamp`. As at the gateway, an update that is older than the last one is dropped.
   * @param userId the `user_id` that the option `authenticate` returns for the client
   */
  publishPortfolio(userId: string | number, fields: Readonly<Record<string, unknown>> = {}): PortfolioUpdate {
    return this.portfolios.publish(userId, fields);
  }

  /** The portfolio is not updated any more: `portfolio_status` with `stale`. The next one ends it. */
  markPortfolioStale(userId: string | number): void {
    this.portfolios.markStale(userId);
  }

  /** It is updated again: `portfolio_status` with `live`, and the last portfolio with a new time. */
  markPortfolioLive(userId: string | number): void {
    this.portfolios.markLive(userId);
  }

  /**
   * The gateway was cut off from the feed for a while: `feed_gap`. By default, for two seconds. With
   * the room `portfolio`, only the clients in this room are sent it.
   */
  feedGap({ since, until, room }: Partial<FeedGap> = {}): void {
    const now = Date.now();
    const gap: FeedGap = {
      since: since ?? new Date(now - 2_000).toISOString(),
      until: until ?? new Date(now).toISOString(),
      ...(room === undefined ? {} : { room }),
    };
    for (const connection of this.up())
      if (room === undefined || connection.rooms.has(room)) connection.send('feed_gap', gap);
  }

  /**
   * The gateway loses its history, so that clients cannot resume from an update before now: they get
   * `gap` when they connect again.
   */
  loseHistory(): void {
    this.history.clear();
  }

  /** The client does not read until `catchUp`: the newest of each product and chain waits for it. */
  lag(client?: SocketClient): void {
    for (const connection of this.up(client)) connection.lag();
  }

  /** The client reads again: `lagging`, if anything was dropped, and then what has waited. */
  catchUp(client?: SocketClient): void {
    for (const connection of this.up(client)) connection.catchUp();
  }

  /** The token expires soon: `token_expiring`. A client with a token callback sends a new token. */
  warnTokenExpiring(expiresInMs = NOTICE_MS, client?: SocketClient): void {
    const expires_at = Math.floor((Date.now() + expiresInMs) / 1_000);
    for (const connection of this.withToken(client)) {
      connection.send('token_expiring', { expires_in_ms: expiresInMs, expires_at });
    }
  }

  /**
   * The token has expired: `closing` with `TOKEN_EXPIRED`, and the end of the connection. From now
   * on the gateway refuses this token.
   */
  expireToken(client?: SocketClient): void {
    this.endTokens('TOKEN_EXPIRED', client);
  }

  /** The token was revoked: `closing` with `TOKEN_REVOKED`, which is final. */
  revokeToken(client?: SocketClient): void {
    this.endTokens('TOKEN_REVOKED', client);
  }

  /** The operators send a text: `notice`, by default with the level `info` and the present time. */
  notice(text: string, { level, link, sent_at }: Partial<Notice> = {}, client?: SocketClient): void {
    const notice: Notice = {
      level: level ?? 'info',
      text,
      ...(link === undefined ? {} : { link }),
      sent_at: sent_at ?? Date.now() / 1_000,
    };
    for (const connection of this.up(client)) connection.send('notice', notice);
  }

  /**
   * This replica shuts down: `server_draining`, and `closing` after `reconnectInMs`. Clients that
   * connect from now on reach the next replica, which knows the same.
   */
  drain({ reconnectInMs = DRAIN_MS }: { readonly reconnectInMs?: number | undefined } = {}): void {
    this.handOver(this.up(), reconnectInMs, 'DRAINING');
  }

  /**
   * This replica hands over clients to others: `server_draining`, and `closing` with `REBALANCING`
   * after `reconnectInMs`.
   */
  rebalance(
    { reconnectInMs = DRAIN_MS }: { readonly reconnectInMs?: number | undefined } = {},
    client?: SocketClient,
  ): void {
    this.handOver(this.up(client), reconnectInMs, 'REBALANCING');
  }

  /**
   * The network is lost, without a word of the gateway. Clients cannot reach it until `reconnect`.
   * With a client, only its connections are cut, and it may connect again at once.
   */
  disconnect(client?: SocketClient): void {
    if (!client) this.isReachable = false;
    for (const connection of this.of(client)) connection.cut();
  }

  /** The network is back. Each client connects at its next attempt. */
  reconnect(): void {
    this.isReachable = true;
  }

  /** Closes connections for another reason, such as `TOO_SLOW`: `closing`, and the end. */
  end(code: ClosingCode, client?: SocketClient): void {
    for (const connection of this.up(client)) connection.end(code);
  }

  /**
   * From now on refuses every request for a room (`chain:NIFTY`) and its views, for one view
   * (`chain:NIFTY@ltp`), or every request of one kind (`get_products`). A room that is `FORBIDDEN` is withdrawn from clients when they renew their
   * token.
   */
  reject(roomOrEvent: string, code: ErrorCode, options: RejectionOptions = {}): void {
    this.rejections.set(roomOrEvent, [code, options]);
  }

  /** Ends what `reject` began. */
  allow(roomOrEvent: string): void {
    this.rejections.delete(roomOrEvent);
  }

  private of(client?: SocketClient): FakeConnection[] {
    return [...this.open].filter((connection) => !client || connection.owner() === client);
  }

  private up(client?: SocketClient): FakeConnection[] {
    return this.of(client).filter(({ isUp }) => isUp);
  }

  private withToken(client?: SocketClient): FakeConnection[] {
    const found = this.up(client).filter(({ user }) => user);
    if (found.length > 0) return found;
    throw new Error('No client has a token that could expire. Give FakeGateway the option `authenticate`.');
  }

  private handOver(clients: readonly FakeConnection[], inMs: number, code: ClosingCode): void {
    for (const connection of clients) connection.send('server_draining', { reconnect_in_ms: inMs });
    const timer = systemClock.after(inMs, () => {
      this.timers.delete(timer);
      for (const connection of clients) connection.end(code);
    });
    this.timers.add(timer);
  }

  private endTokens(code: 'TOKEN_EXPIRED' | 'TOKEN_REVOKED', client?: SocketClient): void {
    for (const connection of this.withToken(client)) {
      if (connection.token !== undefined) this.endedTokens.set(connection.token, code);
      connection.end(code);
    }
  }

  private handshake(connection: FakeConnection): void {
    if (!this.isReachable) {
      connection.refuse('websocket error');
      return;
    }
    const user = this.authenticate(connection.token);
    if (typeof user === 'string') {
      const message = ERROR_CODES[user];
      const retry = TEMPORARY.has(user) ? { retry_after_ms: RETRY_MS } : {};
      connection.refuse(message, { code: user, message, ...retry });
      return;
    }
    connection.user = user;
    connection.isUp = true;
    connection.recordedBefore = this.history.recorded;
    const joins = !connection.refusesGeneral && this.rejections.get(GENERAL_ROOM)?.[0] !== 'FORBIDDEN';
    if (joins) connection.rooms.add(GENERAL_ROOM);
    connection.send('connected', {
      message: CONNECTED_MESSAGE,
      client_id: `fake-connection-${++this.made}`,
      replica: 'fake-replica',
      rooms: [...connection.rooms],
      server_time: Date.now() / 1_000,
      limits: this.limits,
      user,
    });
    if (joins) this.sendStatuses(connection);
  }

  private authenticate(token: string | undefined): ConnectedUser | ConnectErrorCode | null {
    const { authenticate } = this.options;
    if (!authenticate) return null;
    const ended = token === undefined ? undefined : this.endedTokens.get(token);
    if (ended) return ended;
    const user = authenticate(token);
    if (user === null || typeof user === 'string') return user;
    return { ...USER, expires_at: Math.floor(Date.now() / 1_000) + TOKEN_SECONDS, ...user };
  }

  /** All stale products, for a client that has joined `general`. */
  private sendStatuses(connection: FakeConnection): void {
    const statuses = this.market.staleStatuses();
    if (statuses.length === 0) return;
    if (connection.wantsBatches) connection.sendNewest('statuses', 'feed_statuses', { statuses });
    else
      for (const status of statuses)
        connection.sendNewest(`repeated:${status.product}`, 'feed_status', status);
  }

  private request(connection: FakeConnection, event: string, payload: unknown, ack: Ack): void {
    if (event === 'latency_echo') return; // no request: it only answers a probe
    this.requests.push({ event, payload, client: connection.owner() });
    try {
      this.checkRejected(event);
      ack(this.answer(connection, event, payload));
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      const rejection = error.payload(event);
      connection.send('error', rejection);
      ack({ ok: false, error: rejection });
    }
  }

  private answer(connection: FakeConnection, event: string, payload: unknown): object {
    const inRooms = (): string[] => [...connection.rooms];
    switch (event) {
      case 'subscribe':
        if (isPortfolio(payload)) return this.subscribePortfolio(connection, payload as SubscribeRequest);
        return this.subscribe(connection, this.addresses(payload), payload as SubscribeRequest);
      case 'unsubscribe': {
        const rooms = isPortfolio(payload) ? [PORTFOLIO_ROOM] : this.addresses(payload).map(roomName);
        for (const room of rooms) this.leave(connection, room, `Unsubscribed from ${room}`);
        return { ok: true, rooms };
      }
      case 'get_snapshot':
        return this.snapshot(connection, this.addresses(payload));
      case 'get_history': {
        const page = this.historyPage(payload as HistoryRequest);
        connection.send('history', page);
        const address = addressOfPage(page);
        const near = this.suggestions(page.known === false ? [address] : []);
        return { ok: true, rooms: [roomName(address)], ...page, ...near };
      }
      case 'get_products': {
        const { products } = this.market;
        connection.send('products', { products });
        return { ok: true, rooms: inRooms(), products };
      }
      case 'list_subscriptions':
        connection.send('subscriptions', { rooms: inRooms() });
        return { ok: true, rooms: inRooms() };
      case 'get_heartbeat':
        return {
          ok: true,
          rooms: inRooms(),
          server_time: Date.now() / 1_000,
          feed: 'up',
          market: 'open',
          queue_ms: 0,
        };
      case 'refresh_token':
        return this.refreshToken(connection, (payload as { token: string }).token);
      default:
        throw new Rejection('UNKNOWN_EVENT', ERROR_CODES.UNKNOWN_EVENT);
    }
  }

  /** The client has checked the rest of its request. */
  private addresses(payload: unknown): MarketAddress[] {
    const { symbol, symbols = [] } = payload as Partial<SubscribeRequest>;
    const most = this.limits.max_symbols_per_request;
    if (symbols.length + (symbol == null ? 0 : 1) <= most) return addressesOf(payload as Request);
    const problem = `must name at most ${most} symbols, counting symbol; split the request`;
    throw invalid('TOO_MANY_SYMBOLS', [{ field: 'symbols', problem }]);
  }

  private historyPage(request: HistoryRequest): MarketHistory {
    if (this.limits.history_seconds === 0 && request.type !== 'portfolio') {
      throw new Rejection('HISTORY_UNAVAILABLE', 'This gateway keeps no history. Use live updates only.');
    }
    const page = this.history.page(request, (symbol) => this.market.nearestExpiry(symbol));
    const address = addressOfPage(page);
    this.checkRejected(roomName(address));
    const isKnown = (page.updates ?? page.bars ?? []).length > 0 || this.market.knows(address);
    return isKnown ? page : { ...page, known: false };
  }

  private subscribePortfolio(connection: FakeConnection, { since }: SubscribeRequest): object {
    this.checkRejected(PORTFOLIO_ROOM);
    this.checkBudget(connection, [{ type: PORTFOLIO_ROOM }]);
    return this.portfolios.join(connection, since != null);
  }

  private subscribe(
    connection: FakeConnection,
    addresses: readonly MarketAddress[],
    { since, replace }: SubscribeRequest,
  ): object {
    const rooms = addresses.map(roomName);
    this.checkRejected(...rooms);
    this.checkBudget(connection, addresses);
    if (replace) this.leaveOthers(connection, rooms);
    const unknown = addresses.filter((address) => {
      const time = typeof since === 'object' && address.type !== 'general' ? since[address.symbol] : since;
      return !this.resume(connection, address, time) && !this.join(connection, address, time !== undefined);
    });
    const [{ view } = {}] = addresses;
    return { ok: true, rooms, ...this.suggestions(unknown), ...(view && { view }) };
  }

  /** Leaves the other views of rooms, and the rooms themselves if these are views of them. */
  private leaveOthers(connection: FakeConnection, rooms: readonly string[]): void {
    const bases = new Set(rooms.map(baseOf));
    for (const room of connection.rooms) {
      if (bases.has(baseOf(room)) && !rooms.includes(room))
        this.leave(connection, room, `Unsubscribed from ${room}`);
    }
  }

  /** The known products that a client may have meant, if there are any. */
  private suggestions(unknown: readonly MarketAddress[]): Pick<SubscriptionAcknowledgement, 'suggestions'> {
    const near = unknown.flatMap((address) => {
      const suggestion = address.type !== 'general' && nearSymbol(address.symbol, this.market.products);
      return suggestion ? [[address.symbol, suggestion] as const] : [];
    });
    return near.length > 0 ? { suggestions: Object.fromEntries(near) } : {};
  }

  /**
   * Joins the room of a product with the updates that the client missed. Returns false, and does
   * nothing, if some of them may be unknown.
   */
  private resume(connection: FakeConnection, address: MarketAddress, since: unknown): boolean {
    if (address.type !== 'product' || address.view || typeof since !== 'string') return false;
    const { rooms, recordedBefore, isLagging } = connection;
    const room = roomName(address);
    const before = rooms.has(GENERAL_ROOM) ? recordedBefore : undefined;
    const missed = this.history.missed(address.symbol, since, before);
    const off = this.limits.history_seconds === 0;
    if (!missed || off || isLagging || rooms.has(room)) return false;
    rooms.add(room);
    connection.send('subscribed', {
      room,
      message: `Subscribed to ${room}`,
      recovered: true,
      replayed: missed.length,
    });
    for (const update of missed) connection.send('underlying_update', update);
    this.notify(connection, address, this.market.messages(address));
    return true;
  }

  /**
   * Returns whether anything is known of the room.
   * @param resumes whether the client asked for what it missed
   */
  private join(connection: FakeConnection, address: MarketAddress, resumes: boolean): boolean {
    const room = roomName(address);
    const known = this.market.knows(address);
    const all = address.type === 'general' ? [] : this.market.messages(address);
    const sent = all.slice(0, this.limits.max_chains_per_snapshot);
    connection.rooms.add(room);
    connection.send('subscribed', {
      room,
      message: `Subscribed to ${room}`,
      ...(sent.length < all.length ? { updates: sent.length, available: all.length } : {}),
      ...(known ? {} : { known }),
      ...(address.view && { view: address.view }),
      ...(resumes ? recoveryOf(address, sent.length, all.length) : {}),
    });
    if (address.type === 'general') {
      this.sendStatuses(connection);
      return known;
    }
    for (const update of sent) this.sendUpdate(connection, update, address);
    if (sent.length > 0) {
      this.notify(connection, address, sent);
      return known;
    }
    // The gateway looks in Redis first, so this comes after the acknowledgement.
    soon(() => {
      if (!connection.rooms.has(room) || this.market.messages(address).length > 0) return;
      this.notify(connection, address, []);
      this.notifyUnknown(connection, address);
    });
    return known;
  }

  private sendUpdate(
    connection: FakeConnection,
    update: UnderlyingUpdate | ChainUpdate,
    address: SnapshotAddress,
  ): void {
    if ('expiry' in update) {
      const { product, expiry } = update;
      if (address.type === 'chain' && address.view) this.sendView(connection, update, address.view);
      else connection.sendNewest(`chain:${product}:${expiry}`, 'chain_update', update);
    } else connection.sendNewest(`price:${update.product}`, 'underlying_update', update);
  }

  /** Sends the chain once for each of the views that the client has of it, whatever their rates. */
  private sendViews(connection: FakeConnection, chain: ChainUpdate): void {
    const { product, expiry } = chain;
    const sent = new Set<string>();
    for (const room of connection.rooms) {
      const address = marketAddress(room);
      if (address?.type !== 'chain' || !address.view || address.symbol !== product) continue;
      const name = viewStream('', address.view);
      if ((address.expiry ?? expiry) !== expiry || sent.has(name)) continue;
      sent.add(name);
      this.sendView(connection, chain, address.view);
    }
  }

  private sendView(connection: FakeConnection, chain: ChainUpdate, content: ViewContent): void {
    const payload = viewOf(chain, content);
    const { product, expiry, view } = payload;
    connection.sendNewest(`view:${product}:${expiry}:${viewName(view)}`, 'chain_view', payload);
  }

  /** Sends what is stale of a room. */
  private notify(
    connection: FakeConnection,
    { type, symbol }: SnapshotAddress,
    updates: readonly (UnderlyingUpdate | ChainUpdate)[],
  ): void {
    const status = this.market.staleStatus(symbol);
    if (status) connection.sendNewest(`repeated:${symbol}`, 'feed_status', status);
    if (type !== 'chain') return;
    for (const { expiry } of updates as readonly ChainUpdate[]) {
      const chain = this.market.staleChainStatus(symbol, expiry);
      if (chain) connection.sendNewest(`repeated:${symbol}:${expiry}`, 'chain_status', chain);
    }
  }

  /** Says that nothing is known of a room. */
  private notifyUnknown(connection: FakeConnection, address: SnapshotAddress): void {
    const { symbol: product } = address;
    const never = { status: 'stale', last_update: null, age_ms: null } as const;
    if (!this.market.knowsProduct(product)) {
      this.awaited.add(product);
      connection.sendNewest(`repeated:${product}`, 'feed_status', { product, ...never });
    }
    if (address.type !== 'chain') return;
    const { expiry = null } = address;
    this.awaited.add(`${product}:${expiry ?? '*'}`);
    connection.sendNewest(`repeated:${product}:${expiry}`, 'chain_status', { product, expiry, ...never });
  }

  private snapshot(connection: FakeConnection, addresses: readonly MarketAddress[]): object {
    const rooms = addresses.map(roomName);
    this.checkRejected(...rooms);
    const snapshots = addresses.map((address): RoomSnapshot => {
      if (address.type === 'general') {
        const problem = 'must be one of product, chain; general has no snapshot';
        throw invalid('INVALID_TYPE', [{ field: 'type', problem }]);
      }
      const all = this.market.messages(address);
      const sent = all.slice(0, this.limits.max_chains_per_snapshot);
      for (const update of sent) this.sendUpdate(connection, update, address);
      this.notify(connection, address, sent);
      const snapshot = {
        room: roomName(address),
        updates: sent.length,
        ...(sent.length < all.length ? { available: all.length } : {}),
      };
      connection.sendNewest(`snapshot:${snapshot.room}`, 'snapshot', snapshot);
      return snapshot;
    });
    return { ok: true, rooms, snapshots };
  }

  private refreshToken(connection: FakeConnection, token: string): object {
    const user = this.authenticate(token);
    if (typeof user === 'string') throw new Rejection(user, ERROR_CODES[user]);
    if (connection.user && user?.user_id !== connection.user.user_id) {
      // The person who has this token may be looking at the screen now.
      if (connection.rooms.has(PORTFOLIO_ROOM)) {
        const message = `Unsubscribed from ${PORTFOLIO_ROOM}: the new token is of another user`;
        this.leave(connection, PORTFOLIO_ROOM, message);
      }
      throw new Rejection(
        'TOKEN_INVALID',
        'This token belongs to another user. Open a new connection to use it.',
      );
    }
    connection.user = user;
    connection.token = token;
    const expires_at = user?.expires_at ?? null;
    connection.send('token_refreshed', { expires_at });
    // What is private ends first.
    const isPrivate = (room: string): number => Number(room === PORTFOLIO_ROOM);
    for (const room of [...connection.rooms].sort((a, b) => isPrivate(b) - isPrivate(a))) {
      if (this.rejectionOf(room)?.[0] !== 'FORBIDDEN') continue;
      this.leave(connection, room, `Unsubscribed from ${room}: the new token does not allow it`);
    }
    return { ok: true, rooms: [...connection.rooms], expires_at };
  }

  private leave(connection: FakeConnection, room: string, message: string): void {
    connection.rooms.delete(room);
    connection.send('unsubscribed', { room, message });
  }

  private checkRejected(...names: readonly string[]): void {
    const refused = names.filter((name) => this.rejectionOf(name));
    if (refused.length === 0) return;
    const [code, { message = ERROR_CODES[code], retryAfterMs }] = this.rejectionOf(refused[0]!)!;
    const rooms = refused.filter((name) => roomAddress(name));
    throw new Rejection(code, message, {
      ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
      ...(code === 'FORBIDDEN' ? { details: forbidden(rooms) } : {}),
      ...(PARTIAL.has(code) && retryAfterMs !== undefined && rooms.length > 0 ? { rooms } : {}),
    });
  }

  private rejectionOf(name: string): readonly [ErrorCode, RejectionOptions] | undefined {
    return this.rejections.get(name) ?? this.rejections.get(baseOf(name));
  }

  private checkBudget({ rooms }: FakeConnection, asked: readonly RoomAddress[]): void {
    const { max_subscriptions, max_unknown_subscriptions: mostUnknown } = this.limits;
    const added = asked.filter((address) => !rooms.has(roomName(address)));
    if (rooms.size + added.length > max_subscriptions) {
      const problem = `must not bring your subscriptions above ${max_subscriptions}; unsubscribe from other rooms first`;
      throw invalid('TOO_MANY_SUBSCRIPTIONS', [{ field: 'symbols', problem }]);
    }
    const isUnknown = (room: string): boolean => {
      const product = productOf(room);
      return product !== undefined && !this.market.products.includes(product);
    };
    const held = [...rooms].filter(isUnknown).length;
    const excess = added
      .map(roomName)
      .filter(isUnknown)
      .slice(Math.max(0, mostUnknown - held));
    if (excess.length === 0) return;
    const message =
      `More than ${mostUnknown} of your rooms would be of products that this gateway has never seen. Subscribe ` +
      'again after retry_after_ms to the rooms that `rooms` names; you may subscribe to the others now.';
    throw new Rejection('TOO_MANY_SUBSCRIPTIONS', message, {
      retry_after_ms: RETRY_UNKNOWN_MS,
      rooms: excess,
    });
  }

  /** Remembers an update, and says first what is live again because of it. */
  private observe(update: UnderlyingUpdate | ChainUpdate): void {
    const { product } = update;
    const { market } = this;
    const hadPrice = market.hasPrice(product);
    const isLive = { status: 'live', last_update: new Date().toISOString(), age_ms: 0 } as const;
    const changed = market.countsAsPrice(update) && market.setStale(product, false);
    market.hold(update);
    if (changed) this.announce({ product, ...isLive }, hadPrice);
    const expiry = 'expiry' in update ? update.expiry : undefined;
    const chainChanged = expiry !== undefined && market.setChainStale(product, expiry, false);
    if (chainChanged) this.announceChain({ product, expiry, ...isLive });
    if (this.awaited.delete(product) && !changed) this.announce({ product, ...isLive }, false);
    if (expiry === undefined) return;
    const [one, any] = [this.awaited.delete(`${product}:${expiry}`), this.awaited.delete(`${product}:*`)];
    if ((one || any) && !chainChanged) this.announceChain({ product, expiry, ...isLive });
  }

  private announce(status: ProductStatus, hadPrice: boolean): void {
    const { product } = status;
    const rooms = this.rooms()
      .filter((room) => productOf(room) === product)
      .map(baseOf);
    this.broadcast(
      [...(hadPrice ? [GENERAL_ROOM] : []), ...rooms],
      `status:${product}`,
      'feed_status',
      status,
    );
  }

  private announceChain(status: ChainStatus): void {
    const { product, expiry } = status;
    const rooms = [chainRoom(product), ...(expiry === null ? [] : [chainRoom(product, expiry)])];
    this.broadcast(rooms, `status:${product}:${expiry}`, 'chain_status', status);
  }

  /** Sends an event to the rooms and to their views, but chains only to the rooms themselves. */
  private broadcast(rooms: readonly string[], key: string, event: string, payload: unknown): void {
    const nameOf = event === 'chain_update' ? (room: string) => room : baseOf;
    for (const connection of this.up()) {
      if ([...connection.rooms].some((room) => rooms.includes(nameOf(room))))
        connection.sendNewest(key, event, payload);
    }
  }
}

function summaryOf(chain: ChainUpdate): ChainSummary {
  const { product, expiry, spot_price, pcr_oi, pcr_volume, max_pain_strike, atm_straddle_price, timestamp } =
    chain;
  return { product, expiry, spot_price, pcr_oi, pcr_volume, max_pain_strike, atm_straddle_price, timestamp };
}

/** What `subscribed` says to a client that resumes a room with its snapshot. */
function recoveryOf(
  { type, view }: MarketAddress,
  sent: number,
  all: number,
): Pick<SubscriptionConfirmed, 'recovered' | 'replayed' | 'conflated'> {
  if ((type !== 'chain' && !view) || sent === 0 || sent < all) return { recovered: false };
  return { recovered: true, replayed: sent, conflated: true };
}

/** The room that has the updates of a page. */
function addressOfPage({ type, symbol, expiry }: MarketHistory): MarketAddress {
  if (type === 'product') return { type, symbol };
  return expiry === null ? { type: 'chain', symbol } : { type: 'chain', symbol, expiry };
}

function forbidden(rooms: readonly string[]): ErrorDetail[] {
  return rooms.map((room) => ({
    field: room === GENERAL_ROOM || room === PORTFOLIO_ROOM ? 'type' : 'symbol',
    problem: `${room} is not allowed`,
  }));
}

function isPortfolio(payload: unknown): boolean {
  return (payload as SubscribeRequest).type === PORTFOLIO_ROOM;
}
