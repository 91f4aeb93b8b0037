import type { AdminStats } from './admin-stats.js';
import type { ChainView } from './chain-view.js';
import type { ErrorPayload } from './errors.js';
import type { History, HistoryRequest } from './history.js';
import type {
  ChainStatus,
  ChainSummary,
  ChainUpdate,
  Closing,
  Connected,
  FeedGap,
  FeedStatuses,
  Heartbeat,
  Lagging,
  LatencyProbe,
  MarketStatus,
  Notice,
  PortfolioStatus,
  PortfolioUpdate,
  Products,
  RoomSnapshot,
  ServerDraining,
  ProductStatus,
  SubscriptionConfirmed,
  Subscriptions,
  TokenExpiring,
  TokenRefreshed,
  UnderlyingUpdate,
} from './payloads.js';
import type {
  Acknowledgement,
  HeartbeatAcknowledgement,
  HistoryAcknowledgement,
  LatencyEcho,
  ProductsAcknowledgement,
  RequestRejection,
  SnapshotAcknowledgement,
  SnapshotRequest,
  SubscribeRequest,
  SubscriptionAcknowledgement,
  SubscriptionRequest,
  SubscriptionsAcknowledgement,
  TokenAcknowledgement,
  TokenRefresh,
} from './requests.js';

/** The events that clients send. */
export const ClientEvent = {
  subscribe: 'subscribe',
  unsubscribe: 'unsubscribe',
  getProducts: 'get_products',
  listSubscriptions: 'list_subscriptions',
  getSnapshot: 'get_snapshot',
  getHistory: 'get_history',
  refreshToken: 'refresh_token',
  getHeartbeat: 'get_heartbeat',
  latencyEcho: 'latency_echo',
} as const;
export type ClientEvent = (typeof ClientEvent)[keyof typeof ClientEvent];

const CLIENT_EVENTS: ReadonlySet<string> = new Set(Object.values(ClientEvent));

export function isClientEvent(name: string): name is ClientEvent {
  return CLIENT_EVENTS.has(name);
}

/** The events that the gateway sends. */
export const ServerEvent = {
  connected: 'connected',
  subscribed: 'subscribed',
  unsubscribed: 'unsubscribed',
  products: 'products',
  subscriptions: 'subscriptions',
  snapshot: 'snapshot',
  history: 'history',
  underlyingUpdate: 'underlying_update',
  chainSummary: 'chain_summary',
  chainUpdate: 'chain_update',
  chainView: 'chain_view',
  feedStatus: 'feed_status',
  feedStatuses: 'feed_statuses',
  feedGap: 'feed_gap',
  chainStatus: 'chain_status',
  portfolioUpdate: 'portfolio_update',
  portfolioStatus: 'portfolio_status',
  heartbeat: 'heartbeat',
  latencyProbe: 'latency_probe',
  marketStatus: 'market_status',
  lagging: 'lagging',
  tokenExpiring: 'token_expiring',
  tokenRefreshed: 'token_refreshed',
  notice: 'notice',
  adminStats: 'admin_stats',
  serverDraining: 'server_draining',
  closing: 'closing',
  error: 'error',
} as const;
export type ServerEvent = (typeof ServerEvent)[keyof typeof ServerEvent];

export interface ClientToServerEvents {
  /**
   * Joins rooms. The gateway sends `subscribed` for each room, then the snapshot of the room, or
   * with `since` the updates that the client missed.
   */
  subscribe: (
    request: SubscribeRequest,
    ack?: (answer: SubscriptionAcknowledgement | RequestRejection) => void,
  ) => void;
  /**
   * Leaves rooms. The gateway sends `unsubscribed` for each room, even if the client was not in it.
   */
  unsubscribe: (request: SubscriptionRequest, ack?: (answer: Acknowledgement) => void) => void;
  /** Asks for the products that the client may subscribe to. The gateway sends `products`. */
  get_products: (ack?: (answer: ProductsAcknowledgement | RequestRejection) => void) => void;
  /** Asks for the rooms that the client is in. The gateway sends `subscriptions`. */
  list_subscriptions: (ack?: (answer: SubscriptionsAcknowledgement | RequestRejection) => void) => void;
  /**
   * Asks for the snapshot of rooms without joining them. The gateway sends the newest updates of
   * each room, then `snapshot`.
   */
  get_snapshot: (
    request: SnapshotRequest,
    ack?: (answer: SnapshotAcknowledgement | RequestRejection) => void,
  ) => void;
  /** Asks for past updates of a product, or for bars of them. The gateway sends `history`. */
  get_history: (
    request: HistoryRequest,
    ack?: (answer: HistoryAcknowledgement | RequestRejection) => void,
  ) => void;
  /**
   * Replaces the token with a new one of the same user. The gateway sends `token_refreshed`, and
   * `unsubscribed` for each room that the new token does not allow.
   */
  refresh_token: (
    request: TokenRefresh,
    ack?: (answer: TokenAcknowledgement | RequestRejection) => void,
  ) => void;
  /**
   * Asks whether the connection works in both directions. The gateway acknowledges at once, or sends
   * `heartbeat` if the client passed no acknowledgement.
   */
  get_heartbeat: (ack?: (answer: HeartbeatAcknowledgement | RequestRejection) => void) => void;
  /** Answers `latency_probe`, at once. It is not acknowledged, and counts towards no limit. */
  latency_echo: (echo: LatencyEcho) => void;
}

export interface ServerToClientEvents {
  /** The first event of a connection. */
  connected: (payload: Connected) => void;
  /** The client is in the room. The snapshot of the room follows. */
  subscribed: (payload: SubscriptionConfirmed) => void;
  /** The client is no longer in the room, or was not in it. */
  unsubscribed: (payload: SubscriptionConfirmed) => void;
  /** The response to `get_products`. */
  products: (payload: Products) => void;
  /** The response to `list_subscriptions`. */
  subscriptions: (payload: Subscriptions) => void;
  /** The end of the response to `get_snapshot` for one room. */
  snapshot: (payload: RoomSnapshot) => void;
  /** The response to `get_history`: one page of past updates or bars. */
  history: (payload: History) => void;
  /** A price of a product, sent to `general` and `product:SYM`. */
  underlying_update: (payload: UnderlyingUpdate) => void;
  /** A short summary of a chain, sent to `general`. */
  chain_summary: (payload: ChainSummary) => void;
  /** A full option chain, sent to `chain:SYM` and `chain:SYM:EXPIRY`. */
  chain_update: (payload: ChainUpdate) => void;
  /** An option chain in columns, or a part of one, sent to the views of `chain_update`'s rooms. */
  chain_view: (payload: ChainView) => void;
  /** The price of a product has become stale, or is live again. */
  feed_status: (payload: ProductStatus) => void;
  /**
   * All stale products in one message, for a client that asked for batches. Sent after `connected`,
   * and after `subscribed` for `general`.
   */
  feed_statuses: (payload: FeedStatuses) => void;
  /** The replica lost the feed for a while, so its clients have missed updates. */
  feed_gap: (payload: FeedGap) => void;
  /** The portfolio of the client's own user, sent to the clients of this user in `portfolio`. */
  portfolio_update: (payload: PortfolioUpdate) => void;
  /**
   * The portfolio of the client's own user has become stale, or is live again. Sent to the clients
   * of this user in `portfolio`.
   */
  portfolio_status: (payload: PortfolioStatus) => void;
  /**
   * An option chain has become stale, or is live again. Sent to `chain:SYM` and `chain:SYM:EXPIRY`.
   */
  chain_status: (payload: ChainStatus) => void;
  /** The connection works, although no update came for a while. Sent to clients that asked for it. */
  heartbeat: (payload: Heartbeat) => void;
  /**
   * Asks the client to answer with `latency_echo`. Sent to clients that asked for it in their
   * handshake, about once in 1,000 messages.
   */
  latency_probe: (payload: LatencyProbe) => void;
  /** The phase of a market. Sent after `connected` and when it changes, if hours are configured. */
  market_status: (payload: MarketStatus) => void;
  /** The client read too slowly, so older updates were dropped in favour of newer ones. */
  lagging: (payload: Lagging) => void;
  /** The token expires soon. The client should send `refresh_token`. */
  token_expiring: (payload: TokenExpiring) => void;
  /** The response to `refresh_token`. */
  token_refreshed: (payload: TokenRefreshed) => void;
  /** A text from the operators, for the people who use the client. */
  notice: (payload: Notice) => void;
  /** The state of all replicas, sent each second to `admin`. */
  admin_stats: (payload: AdminStats) => void;
  /**
   * The replica is shutting down, or hands over this client. The connection continues until the
   * gateway closes it.
   */
  server_draining: (payload: ServerDraining) => void;
  /** The last event before the gateway closes the connection. */
  closing: (payload: Closing) => void;
  /** A request was refused or failed. The connection stays open. */
  error: (payload: ErrorPayload) => void;
}
