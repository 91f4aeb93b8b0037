// Copied from the service by scripts/copy-contract.mjs: change it there.
import type { ClosingCode, ErrorPayload } from './errors.js';
import type { Room, SnapshotType, SubscriptionType } from './rooms.js';
import type { Expiry, ProductSymbol } from './symbol.js';
import type { Timestamp } from './timestamp.js';

/**
 * One enriched price of a product. Fields that the platform adds travel with it to the letter.
 * @additionalProperties true
 */
export interface UnderlyingUpdate {
  readonly type: 'UNDERLYING_ENRICHED';
  readonly product: ProductSymbol;
  readonly price: number;
  /** When the tick was made. Orders the updates of a product. */
  readonly timestamp: Timestamp;
  /** When the worker enriched it, ISO 8601; equals `timestamp` where only the worker's cache entry was at hand. */
  readonly processed_at: string;
}

/**
 * One option of a chain; `strike` is always there, the rest as the platform computes it.
 * @additionalProperties true
 */
export interface OptionLeg {
  readonly symbol?: string;
  readonly product?: string;
  readonly strike: number;
  /** YYYY-MM-DD */
  readonly expiry?: string;
  /** `CALL` or `PUT`. */
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
  readonly product: ProductSymbol;
  readonly expiry: Expiry;
  /** The product's price that the chain was computed with. */
  readonly spot_price: number;
  /** Put/call ratio by open interest. */
  readonly pcr_oi: number;
  /** Put/call ratio by volume. */
  readonly pcr_volume: number;
  /** The strike at which the options' buyers lose most. */
  readonly max_pain_strike: number;
  /** `null` where the platform could not price the straddle. */
  readonly atm_straddle_price: number | null;
  /** When the chain was made. Orders the chains of a product and expiry. */
  readonly timestamp: Timestamp;
}

/**
 * The full option chain of one product and one expiry. Fields that the platform adds travel with it to the letter.
 * @additionalProperties true
 */
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
  /** When the worker enriched it, ISO 8601. */
  readonly processed_at?: string | null;
}

/** Bounds on what one client may ask; told on connection so that front ends need not guess. */
export interface ClientLimits {
  /**
   * Symbols that one request may name.
   * @asType integer
   * @minimum 1
   */
  readonly max_symbols_per_request: number;
  /**
   * Rooms that the client may be in.
   * @asType integer
   * @minimum 1
   */
  readonly max_subscriptions: number;
  /**
   * Bytes of one message.
   * @asType integer
   * @minimum 1
   */
  readonly max_payload_bytes: number;
  /**
   * Characters of a symbol; a room's name is a little longer.
   * @asType integer
   * @minimum 1
   */
  readonly max_symbol_length: number;
  /**
   * Messages that the client may send in a second, on average.
   * @minimum 1
   */
  readonly events_per_second: number;
  /**
   * Messages that it may send at once after a silence.
   * @minimum 1
   */
  readonly event_burst: number;
  /**
   * Units of work that its requests may cost in a second, on average. A room that is joined, left or asked for costs 1, and 4 more
   * where nothing is known of it yet; each 65,536 characters of snapshots cost 1, and a list of names 1 and 1 for each 200 names.
   * @minimum 1
   */
  readonly work_per_second: number;
  /**
   * Units of work that they may cost at once after a silence. No request costs more than this.
   * @minimum 1
   */
  readonly work_burst: number;
  /**
   * Rooms that the client may be in of products that the gateway has never seen.
   * @asType integer
   * @minimum 0
   */
  readonly max_unknown_subscriptions: number;
  /**
   * Chains of one product that a snapshot has: those of the nearest expiries.
   * @asType integer
   * @minimum 1
   */
  readonly max_chains_per_snapshot: number;
  /** Connections of one user at a time; `null`: as many as it likes. */
  readonly max_connections_per_user: number | null;
  /** Connections of one address at a time; `null`: as many as it likes. */
  readonly max_connections_per_ip: number | null;
}

/** Whom the gateway takes a client for, by its token. */
export interface ConnectedUser {
  readonly user_id: string;
  /** The token's role, which decides with its other claims what may be subscribed to. */
  readonly role: string;
  /** When the token expires and the connection with it, seconds since the epoch. */
  readonly expires_at: number;
}

/**
 * What a client may ask for in `auth` of Socket.IO's CONNECT packet, besides its `token`. A gateway ignores what it does not know,
 * so a client that asks must handle the default too.
 */
export interface HandshakeOptions {
  /** `batch`: one `feed_statuses` for all that is stale, instead of one `feed_status` for each product. */
  readonly statuses?: 'batch';
}

/** The client is let in: what it is taken for, and what it may ask. */
export interface Connected {
  readonly message: string;
  /** Of this connection; another after each reconnection. */
  readonly client_id: string;
  /** Those that it is in already. */
  readonly rooms: readonly Room[];
  /** Seconds since the epoch, with a fraction. */
  readonly server_time: number;
  readonly limits: ClientLimits;
  /** `null`: anonymous, or authentication is off. */
  readonly user: ConnectedUser | null;
}

export const CONNECTED_MESSAGE = 'Connected to DeltaStream socket gateway';

/** Payload of `subscribed` and `unsubscribed`: one event per room. */
export interface SubscriptionConfirmed {
  readonly room: Room;
  /** For people. */
  readonly message: string;
  /**
   * Only with `available`: the updates of the snapshot that follows.
   * @asType integer
   * @minimum 1
   */
  readonly updates?: number;
  /**
   * Only where the snapshot leaves some out: the updates that there are. Those of the nearest expiries follow; the room gets the
   * others when they change.
   * @asType integer
   * @minimum 1
   */
  readonly available?: number;
  /** Only in `subscribed`: `false` if no message of the room is known yet. Left out if one is. */
  readonly known?: false;
}

/** What there is to subscribe to, and the client may have: the configured products, then any other seen on the feed. */
export interface Products {
  readonly products: readonly ProductSymbol[];
}

/** Answer to `list_subscriptions`: every room of this contract that the client is in. */
export interface Subscriptions {
  readonly rooms: readonly Room[];
}

/** Payload of `snapshot`: closes the answer to `get_snapshot` for one room; what was sent for it came before. */
export interface RoomSnapshot {
  readonly room: Room;
  /**
   * Updates that were sent for the room. 0: nothing is known of it.
   * @asType integer
   * @minimum 0
   */
  readonly updates: number;
  /**
   * Only where some were left out: the updates that there are. Those of the nearest expiries were sent.
   * @asType integer
   * @minimum 1
   */
  readonly available?: number;
}

/** Payload of `feed_status`: whether a product's price still moves, and how old it is. */
export interface ProductStatus {
  readonly product: ProductSymbol;
  /** `stale`: its price has stopped. `live`: it goes on, right after this. */
  readonly status: 'stale' | 'live';
  /** When the newest price came, by the gateway's clock; `null` where none ever did. */
  readonly last_update: Timestamp | null;
  /** How old it was when this was written, ms; `null` where there is none. */
  readonly age_ms: number | null;
}

/**
 * Payload of `feed_statuses`: everything that is stale, as one message to one client that asked for it in its handshake. Each
 * entry means what a `feed_status` of its own would.
 */
export interface FeedStatuses {
  /**
   * Those that went stale last, at most 1,000.
   * @minItems 1
   * @maxItems 1000
   */
  readonly statuses: readonly ProductStatus[];
}

/** Payload of `chain_status`: whether an option chain still moves, and how old it is. */
export interface ChainStatus {
  readonly product: ProductSymbol;
  /** Of which chain; `null`: no chain of the product is known, of any expiry. */
  readonly expiry: Expiry | null;
  /** `stale`: the chain has stopped, though the price of its product may go on. `live`: it goes on, right after this. */
  readonly status: 'stale' | 'live';
  /** When the newest chain came, by the gateway's clock; `null` if none ever did. */
  readonly last_update: Timestamp | null;
  /** How old it was when this was written, ms; `null` if there is none. */
  readonly age_ms: number | null;
}

/**
 * Payload of `feed_gap`: the replica was cut off from the feed. Updates published meanwhile are not sent later; the newest of each
 * product and chain follows within seconds, unless the client has it.
 */
export interface FeedGap {
  /** When the feed was last known to deliver. */
  readonly since: Timestamp;
  /** When it delivered again. */
  readonly until: Timestamp;
}

/**
 * The client took too long to read: of each product and chain it is sent the newest alone, right after this. Sent each time
 * it reads again and something was left out.
 */
export interface Lagging {
  /**
   * Updates that were left out for newer ones.
   * @asType integer
   * @minimum 1
   */
  readonly dropped: number;
  /**
   * For how long, ms.
   * @minimum 0
   */
  readonly since_ms: number;
}

/** The token is about to expire: send `refresh_token`, or the connection is closed then. */
export interface TokenExpiring {
  /** How long it is still good for, ms. */
  readonly expires_in_ms: number;
  /** Seconds since the epoch. */
  readonly expires_at: number;
}

/**
 * Payload of `refresh_token`. Unknown fields are ignored.
 * @additionalProperties true
 */
export interface TokenRefresh {
  /**
   * A JSON Web Token of the same user.
   * @minLength 1
   */
  readonly token: string;
}

/** The new token is in place. */
export interface TokenRefreshed {
  /** When the new token expires, seconds since the epoch; `null` where authentication is off. */
  readonly expires_at: number | null;
}

/** The replica leaves service. */
export interface ServerDraining {
  /**
   * When the gateway closes this connection, ms from now: for a client of its own making, when to connect again.
   * @minimum 0
   */
  readonly reconnect_in_ms: number;
}

/** The last event before the gateway closes a connection. */
export interface Closing {
  readonly code: ClosingCode;
  /** For people. */
  readonly message: string;
  /** Whether to connect again. */
  readonly reconnect: boolean;
}

/**
 * Payload of `subscribe` and `unsubscribe`. `product` and `chain` take `symbol` or `symbols`; only `chain` takes `expiry`.
 * Unknown fields are ignored.
 * @additionalProperties true
 */
export interface SubscriptionRequest {
  readonly type: SubscriptionType;
  readonly symbol?: ProductSymbol;
  /**
   * In place of `symbol` or beside it; at most `limits.max_symbols_per_request` of `connected` in all.
   * @minItems 1
   */
  readonly symbols?: readonly ProductSymbol[];
  /** This chain alone. */
  readonly expiry?: Expiry;
}

/**
 * Payload of `get_snapshot`: what `subscribe` takes, but `general`, which has no snapshot. Unknown fields are ignored.
 * @additionalProperties true
 */
export interface SnapshotRequest extends SubscriptionRequest {
  readonly type: SnapshotType;
}

/** What the Socket.IO acknowledgement of a refused request carries. */
export interface RequestRejection {
  readonly ok: false;
  readonly error: ErrorPayload;
}

/** What the Socket.IO acknowledgement of a request carries that is done. `rooms`: those that it named, or that the client is in. */
export interface Done {
  readonly ok: true;
  readonly rooms: readonly Room[];
}

/** What the acknowledgement of `subscribe` carries that is done. */
export interface SubscriptionAcknowledgement extends Done {
  /** Symbols that nothing is known of, each with the known product that its writer may have meant. Left out if there is none. */
  readonly suggestions?: { readonly [symbol: string]: ProductSymbol };
}

/** What the Socket.IO acknowledgement carries, where the client passed one. */
export type Acknowledgement = Done | RequestRejection;

export type ProductsAcknowledgement = Done & Products;

export type SubscriptionsAcknowledgement = Done;

/** Comes after all that was sent for the rooms; to a client that lags their updates may come later, the newest of each. */
export type SnapshotAcknowledgement = Done & { readonly snapshots: readonly RoomSnapshot[] };

/** `rooms`: those that the client is still in; the new token may allow less than the one before. */
export type TokenAcknowledgement = Done & TokenRefreshed;
