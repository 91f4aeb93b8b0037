// Copied from the service by scripts/copy-contract.mjs: change it there.
import type { ClosingCode, ErrorPayload } from './errors.js';
import type { SnapshotType, SubscriptionType } from './rooms.js';

/** One enriched price of a product. Times are ISO 8601; without a zone they are UTC. */
export interface UnderlyingUpdate {
  readonly type: 'UNDERLYING_ENRICHED';
  readonly product: string;
  readonly price: number;
  /** When the tick was made. Orders the updates of a product. */
  readonly timestamp: string;
  /** When the worker enriched it; equals `timestamp` where only the worker's cache entry was at hand. */
  readonly processed_at: string;
}

/** One option of a chain; `strike` is always there, the rest as the platform computes it. */
export interface OptionLeg {
  readonly symbol?: string;
  readonly product?: string;
  readonly strike: number;
  /** YYYY-MM-DD */
  readonly expiry?: string;
  readonly option_type?: string;
  readonly bid?: number | null;
  readonly ask?: number | null;
  readonly last?: number | null;
  readonly volume?: number | null;
  readonly open_interest?: number | null;
  readonly delta?: number | null;
  readonly gamma?: number | null;
  readonly vega?: number | null;
  readonly theta?: number | null;
  /** Implied volatility as a fraction: 0.2293 is 22.93 %. */
  readonly iv?: number | null;
  readonly timestamp?: string;
}

/** The light extract of a chain that everybody in `general` gets. */
export interface ChainSummary {
  readonly product: string;
  /** YYYY-MM-DD */
  readonly expiry: string;
  readonly spot_price: number;
  /** Put/call ratio by open interest. */
  readonly pcr_oi: number;
  /** Put/call ratio by volume. */
  readonly pcr_volume: number;
  readonly max_pain_strike: number;
  /** `null` where the platform could not price the straddle. */
  readonly atm_straddle_price: number | null;
  readonly timestamp: string;
}

/** The full option chain of one product and one expiry. */
export interface ChainUpdate extends ChainSummary {
  readonly atm_strike?: number | null;
  readonly total_call_oi?: number | null;
  readonly total_put_oi?: number | null;
  readonly call_buildup_otm?: number | null;
  readonly put_buildup_otm?: number | null;
  readonly calls: readonly OptionLeg[];
  readonly puts: readonly OptionLeg[];
  /** Every strike of the legs once, ascending. */
  readonly strikes: readonly number[];
  readonly processed_at?: string;
}

/** Bounds on what one client may ask; told on connection so that front ends need not guess. */
export interface ClientLimits {
  readonly max_symbols_per_request: number;
  readonly max_subscriptions: number;
  readonly max_payload_bytes: number;
  /** Characters of a symbol; a room's name is a little longer. */
  readonly max_symbol_length: number;
  /** Messages that the client may send in a second, on average. */
  readonly events_per_second: number;
  /** Messages that it may send at once after a silence. */
  readonly event_burst: number;
  /** Connections of one user at a time, and of one address; `null`: as many as it likes. */
  readonly max_connections_per_user: number | null;
  readonly max_connections_per_ip: number | null;
}

/** Whom the gateway takes a client for, by its token. */
export interface ConnectedUser {
  readonly user_id: string;
  readonly role: string;
  /** When the token expires and the connection with it, seconds since the epoch. */
  readonly expires_at: number;
}

export interface Connected {
  readonly message: string;
  readonly client_id: string;
  readonly rooms: readonly string[];
  /** Seconds since the epoch, with a fraction. */
  readonly server_time: number;
  readonly limits: ClientLimits;
  /** `null`: anonymous, or authentication is off. */
  readonly user: ConnectedUser | null;
}

export const CONNECTED_MESSAGE = 'Connected to DeltaStream socket gateway';

/** Payload of `subscribed` and `unsubscribed`: one event per room. */
export interface SubscriptionConfirmed {
  readonly room: string;
  readonly message: string;
}

export interface Products {
  readonly products: readonly string[];
}

/** Answer to `list_subscriptions`: every room of this contract that the client is in. */
export interface Subscriptions {
  readonly rooms: readonly string[];
}

/** Payload of `snapshot`: closes the answer to `get_snapshot` for one room; what was sent for it came before. */
export interface RoomSnapshot {
  readonly room: string;
  /** Updates that were sent for the room. 0: nothing is known of it. */
  readonly updates: number;
}

/** Payload of `feed_status`: whether a product's price still moves, and how old it is. */
export interface ProductStatus {
  readonly product: string;
  readonly status: 'stale' | 'live';
  /** When the newest price came, ISO 8601 UTC; `null` where none ever did. */
  readonly last_update: string | null;
  /** How old it was when this was written, ms; `null` where there is none. */
  readonly age_ms: number | null;
}

/**
 * The client took too long to read: of each product and chain it is sent the newest alone, right after this. Sent each time
 * it reads again and something was left out.
 */
export interface Lagging {
  /** Updates that were left out for newer ones. */
  readonly dropped: number;
  /** For how long, ms. */
  readonly since_ms: number;
}

/** The token is about to expire: send `refresh_token`, or the connection is closed then. */
export interface TokenExpiring {
  readonly expires_in_ms: number;
  /** Seconds since the epoch. */
  readonly expires_at: number;
}

/** Payload of `refresh_token`. */
export interface TokenRefresh {
  /** A JSON Web Token of the same user. */
  readonly token: string;
}

export interface TokenRefreshed {
  /** When the new token expires, seconds since the epoch; `null` where authentication is off. */
  readonly expires_at: number | null;
}

/** The replica leaves service. */
export interface ServerDraining {
  /** When the gateway closes this connection, ms from now: for a client of its own making, when to connect again. */
  readonly reconnect_in_ms: number;
}

/** The last event before the gateway closes a connection. */
export interface Closing {
  readonly code: ClosingCode;
  readonly message: string;
  /** Whether to connect again. */
  readonly reconnect: boolean;
}

/** Payload of `subscribe` and `unsubscribe`. `product` and `chain` take `symbol` or `symbols`; only `chain` takes `expiry`. */
export interface SubscriptionRequest {
  readonly type: SubscriptionType;
  readonly symbol?: string;
  readonly symbols?: readonly string[];
  /** YYYY-MM-DD: this chain alone. */
  readonly expiry?: string;
}

/** Payload of `get_snapshot`: what `subscribe` takes, but `general`, which has no snapshot. */
export interface SnapshotRequest extends SubscriptionRequest {
  readonly type: SnapshotType;
}

/** What the Socket.IO acknowledgement of a refused request carries. */
export interface Refusal {
  readonly ok: false;
  readonly error: ErrorPayload;
}

/** `rooms`: those that the request named, or that the client is in. */
interface Done {
  readonly ok: true;
  readonly rooms: readonly string[];
}

/** What the Socket.IO acknowledgement carries, where the client passed one. */
export type Acknowledgement = Done | Refusal;

export type ProductsAcknowledgement = Done & Products;

export type SubscriptionsAcknowledgement = Done;

/** Comes after all that was sent for the rooms; to a client that lags their updates may come later, the newest of each. */
export type SnapshotAcknowledgement = Done & { readonly snapshots: readonly RoomSnapshot[] };

/** `rooms`: those that the client is still in; the new token may allow less than the one before. */
export type TokenAcknowledgement = Done & TokenRefreshed;
