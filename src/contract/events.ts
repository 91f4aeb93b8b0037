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
  ServerDraining,
  ProductStatus,
  SubscriptionConfirmed,
  SubscriptionRequest,
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
  get_products: (ack?: (answer: ProductsAcknowledgement) => void) => void;
  refresh_token: (request: TokenRefresh, ack?: (answer: TokenAcknowledgement) => void) => void;
}

export interface ServerToClientEvents {
  connected: (payload: Connected) => void;
  subscribed: (payload: SubscriptionConfirmed) => void;
  unsubscribed: (payload: SubscriptionConfirmed) => void;
  products: (payload: Products) => void;
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
