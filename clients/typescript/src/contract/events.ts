// Copied from the service by scripts/copy-contract.mjs: change it there.
import type { ErrorPayload } from './errors.js';
import type {
  Acknowledgement,
  ChainSummary,
  ChainUpdate,
  Closing,
  Connected,
  Lagging,
  Products,
  ProductsAcknowledgement,
  Refusal,
  RoomSnapshot,
  ServerDraining,
  SnapshotAcknowledgement,
  SnapshotRequest,
  ProductStatus,
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
  lagging: 'lagging',
  tokenExpiring: 'token_expiring',
  tokenRefreshed: 'token_refreshed',
  serverDraining: 'server_draining',
  closing: 'closing',
  error: 'error',
} as const;
export type ServerEvent = (typeof ServerEvent)[keyof typeof ServerEvent];

export interface ClientToServerEvents {
  subscribe: (request: SubscriptionRequest, ack?: (answer: Acknowledgement) => void) => void;
  unsubscribe: (request: SubscriptionRequest, ack?: (answer: Acknowledgement) => void) => void;
  get_products: (ack?: (answer: ProductsAcknowledgement | Refusal) => void) => void;
  list_subscriptions: (ack?: (answer: SubscriptionsAcknowledgement | Refusal) => void) => void;
  get_snapshot: (request: SnapshotRequest, ack?: (answer: SnapshotAcknowledgement | Refusal) => void) => void;
  refresh_token: (request: TokenRefresh, ack?: (answer: TokenAcknowledgement | Refusal) => void) => void;
}

export interface ServerToClientEvents {
  connected: (payload: Connected) => void;
  subscribed: (payload: SubscriptionConfirmed) => void;
  unsubscribed: (payload: SubscriptionConfirmed) => void;
  products: (payload: Products) => void;
  subscriptions: (payload: Subscriptions) => void;
  snapshot: (payload: RoomSnapshot) => void;
  underlying_update: (payload: UnderlyingUpdate) => void;
  chain_summary: (payload: ChainSummary) => void;
  chain_update: (payload: ChainUpdate) => void;
  feed_status: (payload: ProductStatus) => void;
  lagging: (payload: Lagging) => void;
  token_expiring: (payload: TokenExpiring) => void;
  token_refreshed: (payload: TokenRefreshed) => void;
  server_draining: (payload: ServerDraining) => void;
  closing: (payload: Closing) => void;
  error: (payload: ErrorPayload) => void;
}
