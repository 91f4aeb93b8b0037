import type { ErrorPayload } from './errors.js';
import type {
  Acknowledgement,
  ChainStatus,
  ChainSummary,
  ChainUpdate,
  Closing,
  Connected,
  FeedGap,
  FeedStatuses,
  Lagging,
  Products,
  ProductsAcknowledgement,
  RequestRejection,
  RoomSnapshot,
  ServerDraining,
  SnapshotAcknowledgement,
  SnapshotRequest,
  ProductStatus,
  SubscriptionAcknowledgement,
  SubscriptionConfirmed,
  SubscriptionRequest,
  Subscriptions,
  SubscriptionsAcknowledgement,
  TokenAcknowledgement,
  TokenExpiring,
  TokenRefresh,
  TokenRefreshed,
  UnderlyingUpdate,
} from './payloads.js';

/** What clients send. */
export const ClientEvent = {
  subscribe: 'subscribe',
  unsubscribe: 'unsubscribe',
  getProducts: 'get_products',
  listSubscriptions: 'list_subscriptions',
  getSnapshot: 'get_snapshot',
  refreshToken: 'refresh_token',
} as const;
export type ClientEvent = (typeof ClientEvent)[keyof typeof ClientEvent];

const CLIENT_EVENTS: ReadonlySet<string> = new Set(Object.values(ClientEvent));

export function isClientEvent(name: string): name is ClientEvent {
  return CLIENT_EVENTS.has(name);
}

/** What the gateway sends. */
export const ServerEvent = {
  connected: 'connected',
  subscribed: 'subscribed',
  unsubscribed: 'unsubscribed',
  products: 'products',
  subscriptions: 'subscriptions',
  snapshot: 'snapshot',
  underlyingUpdate: 'underlying_update',
  chainSummary: 'chain_summary',
  chainUpdate: 'chain_update',
  feedStatus: 'feed_status',
  feedStatuses: 'feed_statuses',
  feedGap: 'feed_gap',
  chainStatus: 'chain_status',
  lagging: 'lagging',
  tokenExpiring: 'token_expiring',
  tokenRefreshed: 'token_refreshed',
  serverDraining: 'server_draining',
  closing: 'closing',
  error: 'error',
} as const;
export type ServerEvent = (typeof ServerEvent)[keyof typeof ServerEvent];

export interface ClientToServerEvents {
  /** Joins rooms. Answered with `subscribed` for each, then with the room's snapshot. */
  subscribe: (
    request: SubscriptionRequest,
    ack?: (answer: SubscriptionAcknowledgement | RequestRejection) => void,
  ) => void;
  /** Leaves rooms. Answered with `unsubscribed` for each, also for one that the client was not in. */
  unsubscribe: (request: SubscriptionRequest, ack?: (answer: Acknowledgement) => void) => void;
  /** Asks what there is to subscribe to. Answered with `products`. */
  get_products: (ack?: (answer: ProductsAcknowledgement | RequestRejection) => void) => void;
  /** Asks which rooms the client is in. Answered with `subscriptions`. */
  list_subscriptions: (ack?: (answer: SubscriptionsAcknowledgement | RequestRejection) => void) => void;
  /** Asks for what subscribing would send, without joining. Answered with the newest updates of each room, then `snapshot`. */
  get_snapshot: (
    request: SnapshotRequest,
    ack?: (answer: SnapshotAcknowledgement | RequestRejection) => void,
  ) => void;
  /** Brings a new token of the same user. Answered with `token_refreshed`, and `unsubscribed` for each room that it does not allow. */
  refresh_token: (
    request: TokenRefresh,
    ack?: (answer: TokenAcknowledgement | RequestRejection) => void,
  ) => void;
}

export interface ServerToClientEvents {
  /** The first event of a connection. */
  connected: (payload: Connected) => void;
  /** The client is in the room; its snapshot follows. */
  subscribed: (payload: SubscriptionConfirmed) => void;
  /** The client is not in the room, or not any more. */
  unsubscribed: (payload: SubscriptionConfirmed) => void;
  /** Answers `get_products`. */
  products: (payload: Products) => void;
  /** Answers `list_subscriptions`. */
  subscriptions: (payload: Subscriptions) => void;
  /** Closes the answer to `get_snapshot` for one room. */
  snapshot: (payload: RoomSnapshot) => void;
  /** A product's price, to `general` and `product:SYM`. */
  underlying_update: (payload: UnderlyingUpdate) => void;
  /** The light extract of a chain, to `general`. */
  chain_summary: (payload: ChainSummary) => void;
  /** A full option chain, to `chain:SYM` and `chain:SYM:EXPIRY`. */
  chain_update: (payload: ChainUpdate) => void;
  /** A product's price has stopped, or goes on. */
  feed_status: (payload: ProductStatus) => void;
  /** Everything that is stale, to a client that asked for it as one message: after `connected`, and after `subscribed` to `general`. */
  feed_statuses: (payload: FeedStatuses) => void;
  /** The replica lost the feed for a while, and its clients miss updates. */
  feed_gap: (payload: FeedGap) => void;
  /** An option chain has stopped, or goes on; to `chain:SYM` and `chain:SYM:EXPIRY`. */
  chain_status: (payload: ChainStatus) => void;
  /** The client read too slowly, and updates were left out for newer ones. */
  lagging: (payload: Lagging) => void;
  /** The token expires soon: time to send `refresh_token`. */
  token_expiring: (payload: TokenExpiring) => void;
  /** Answers `refresh_token`. */
  token_refreshed: (payload: TokenRefreshed) => void;
  /** The replica leaves service; the connection goes on until it is closed. */
  server_draining: (payload: ServerDraining) => void;
  /** The last event before the gateway closes the connection. */
  closing: (payload: Closing) => void;
  /** A request was not done; the connection stays. */
  error: (payload: ErrorPayload) => void;
}
