import type { ClosingCode } from './errors.js';
import type { Room } from './rooms.js';
import type { Expiry, ProductSymbol } from './symbol.js';
import type { Timestamp } from './timestamp.js';
import type { View } from './views.js';

/**
 * One enriched price of a product. Other fields of the platform are passed on unchanged.
 * @additionalProperties true
 */
export interface UnderlyingUpdate {
  readonly type: 'UNDERLYING_ENRICHED';
  readonly product: ProductSymbol;
  readonly price: number;
  /** The time of the tick. Orders the updates of a product. */
  readonly timestamp: Timestamp;
  /**
   * When the worker enriched it, ISO 8601. Equal to `timestamp` if the gateway read the price from
   * the cache entry of the worker.
   */
  readonly processed_at: string;
}

/**
 * One option of a chain. Only `strike` is always present. The platform decides about the other
 * fields.
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

/** A short summary of a chain, sent to the clients in `general`. */
export interface ChainSummary {
  readonly product: ProductSymbol;
  readonly expiry: Expiry;
  /** The price of the product that the chain was computed with. */
  readonly spot_price: number;
  /** Put/call ratio by open interest. */
  readonly pcr_oi: number;
  /** Put/call ratio by volume. */
  readonly pcr_volume: number;
  /** The strike at which the buyers of the options lose the most. */
  readonly max_pain_strike: number;
  /** `null` if the platform could not price the straddle. */
  readonly atm_straddle_price: number | null;
  /** The time of the chain. Orders the chains of one product and expiry. */
  readonly timestamp: Timestamp;
}

/**
 * The full option chain of one product and one expiry. Other fields of the platform are passed on
 * unchanged.
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
  /** Each strike of the legs once, in ascending order. */
  readonly strikes: readonly number[];
  /** When the worker enriched it, ISO 8601. */
  readonly processed_at?: string | null;
}

/**
 * The portfolio of one user, complete in each message. The platform decides about its content: the
 * gateway checks `user_id` and `timestamp`, and passes the message on unchanged.
 * @additionalProperties true
 */
export interface PortfolioUpdate {
  /** The user of the client's token, as the platform writes it. */
  readonly user_id: string | number;
  /** When the platform computed it. Orders the updates of a portfolio. */
  readonly timestamp: Timestamp;
  readonly [field: string]: unknown;
}

/** The limits of one client, sent when it connects so that front ends need not guess them. */
export interface ClientLimits {
  /**
   * The most symbols in one request.
   * @asType integer
   * @minimum 1
   */
  readonly max_symbols_per_request: number;
  /**
   * The most rooms that the client may be in.
   * @asType integer
   * @minimum 1
   */
  readonly max_subscriptions: number;
  /**
   * The most bytes in one message.
   * @asType integer
   * @minimum 1
   */
  readonly max_payload_bytes: number;
  /**
   * The most characters in a symbol. The name of a room is a little longer.
   * @asType integer
   * @minimum 1
   */
  readonly max_symbol_length: number;
  /**
   * The most messages that the client may send per second, on average.
   * @minimum 1
   */
  readonly events_per_second: number;
  /**
   * The most messages that it may send at once after a quiet period.
   * @minimum 1
   */
  readonly event_burst: number;
  /**
   * The most units of work that its requests may cost per second, on average. Joining, leaving or
   * asking for a room costs 1, and 4 more if nothing is known about the room yet. Each 65,536
   * characters of snapshots cost 1. A list of names costs 1, and 1 more for each 200 names.
   * @minimum 1
   */
  readonly work_per_second: number;
  /**
   * The most units of work that they may cost at once after a quiet period. No request costs more
   * than this.
   * @minimum 1
   */
  readonly work_burst: number;
  /**
   * The most rooms that the client may be in of products that the gateway has never seen.
   * @asType integer
   * @minimum 0
   */
  readonly max_unknown_subscriptions: number;
  /**
   * The most chains of one product in a snapshot. It has those of the nearest expiries.
   * @asType integer
   * @minimum 1
   */
  readonly max_chains_per_snapshot: number;
  /**
   * The shortest interval of heartbeats that the gateway grants, ms. A gateway that sends no
   * heartbeats has no such field.
   * @asType integer
   * @minimum 1
   */
  readonly heartbeat_ms?: number;
  /**
   * The most rows in a page of history.
   * @asType integer
   * @minimum 1
   */
  readonly max_history_rows: number;
  /**
   * How long past updates are kept, seconds. 0: the gateway keeps no history.
   * @asType integer
   * @minimum 0
   */
  readonly history_seconds: number;
  /** The most connections of one user at a time; `null`: unlimited. */
  readonly max_connections_per_user: number | null;
  /** The most connections of one address at a time; `null`: unlimited. */
  readonly max_connections_per_ip: number | null;
}

/** The user of a client, as its token names it. */
export interface ConnectedUser {
  readonly user_id: string;
  /**
   * The role in the token. Together with other claims, it decides what the client may subscribe to.
   */
  readonly role: string;
  /** When the token expires, seconds since the epoch. The gateway then closes the connection. */
  readonly expires_at: number;
}

/**
 * Options that a client may send in `auth` of the CONNECT packet of Socket.IO, next to its `token`.
 * A gateway ignores options that it does not know, so a client must also handle the default.
 */
export interface HandshakeOptions {
  /**
   * `batch`: one `feed_statuses` for all stale products, instead of one `feed_status` for each of
   * them.
   */
  readonly statuses?: 'batch';
  /**
   * `off`: the client does not join `general` when it connects, and may subscribe to it later. A
   * client that resumes `product:` rooms should ask for this. In `general`, it could receive newer
   * prices before those that it missed.
   */
  readonly general?: 'off';
  /**
   * `true`: the client answers each `latency_probe` with `latency_echo`. Clients of event streams
   * cannot answer, so for them it is ignored.
   */
  readonly latency_probe?: true;
}

/** The client is connected: its identity and its limits. */
export interface Connected {
  readonly message: string;
  /** The id of this connection. It changes with each reconnection. */
  readonly client_id: string;
  /** The name of the replica that serves this connection. */
  readonly replica: string;
  /** The rooms that the client is already in. */
  readonly rooms: readonly Room[];
  /** Seconds since the epoch, with a fraction. */
  readonly server_time: number;
  readonly limits: ClientLimits;
  /** `null` if the client is anonymous or authentication is off. */
  readonly user: ConnectedUser | null;
}

export const CONNECTED_MESSAGE = 'Connected to DeltaStream socket gateway';

/** Payload of `subscribed` and `unsubscribed`: one event per room. */
export interface SubscriptionConfirmed {
  readonly room: Room;
  /** A text for people. */
  readonly message: string;
  /**
   * The number of updates in the snapshot that follows. Only present with `available`.
   * @asType integer
   * @minimum 1
   */
  readonly updates?: number;
  /**
   * The number of updates that exist. Only present if the snapshot leaves some out. It has those of
   * the nearest expiries; the others follow when they change.
   * @asType integer
   * @minimum 1
   */
  readonly available?: number;
  /** `false` if no message of the room is known yet; otherwise left out. Only in `subscribed`. */
  readonly known?: false;
  /** The view that was granted. Only in `subscribed` for the room of a view. */
  readonly view?: View;
  /**
   * The interval that was granted, ms. Only in `subscribed` for `heartbeat`.
   * @asType integer
   * @minimum 1
   */
  readonly every_ms?: number;
  /**
   * Only in `subscribed`, in response to `since`. `true`: the client receives everything that it
   * missed. `false`: it may miss updates, and the snapshot of the room follows.
   */
  readonly recovered?: boolean;
  /**
   * The number of updates that follow because of `since`. Only present if `recovered` is `true`.
   * @asType integer
   * @minimum 0
   */
  readonly replayed?: number;
  /**
   * `true` if only the newest state of each chain follows, and not the states between. Only present
   * if `recovered` is `true`, and always for chains, because each state is complete.
   */
  readonly conflated?: true;
}

/**
 * The products that the client may subscribe to: first the configured ones, then others that were
 * seen on the feed.
 */
export interface Products {
  readonly products: readonly ProductSymbol[];
}

/** Response to `list_subscriptions`: the rooms that the client is in. */
export interface Subscriptions {
  readonly rooms: readonly Room[];
}

/**
 * Payload of `snapshot`: the end of the response to `get_snapshot` for one room. Its updates were
 * sent before this.
 */
export interface RoomSnapshot {
  readonly room: Room;
  /**
   * The number of updates that were sent for the room. 0 if nothing is known about it.
   * @asType integer
   * @minimum 0
   */
  readonly updates: number;
  /**
   * The number of updates that exist. Only present if some were left out. Those of the nearest
   * expiries were sent.
   * @asType integer
   * @minimum 1
   */
  readonly available?: number;
}

/**
 * Payload of `feed_status`: whether the price of a product is still being updated, and how old it
 * is.
 */
export interface ProductStatus {
  readonly product: ProductSymbol;
  /**
   * `stale`: the price is no longer updated. `live`: it is updated again, and the new price
   * follows.
   */
  readonly status: 'stale' | 'live';
  /** When the newest price arrived, by the clock of the gateway; `null` if none ever did. */
  readonly last_update: Timestamp | null;
  /** The age of that price when this message was written, ms; `null` if there is none. */
  readonly age_ms: number | null;
}

/**
 * Payload of `feed_statuses`: all stale products in one message, for a client that asked for this
 * in its handshake. Each entry has the same meaning as a `feed_status`.
 */
export interface FeedStatuses {
  /**
   * The products that became stale last, at most 1,000.
   * @minItems 1
   * @maxItems 1000
   */
  readonly statuses: readonly ProductStatus[];
}

/** Payload of `chain_status`: whether an option chain is still being updated, and how old it is. */
export interface ChainStatus {
  readonly product: ProductSymbol;
  /** The expiry of the chain; `null` if no chain of the product is known. */
  readonly expiry: Expiry | null;
  /**
   * `stale`: the chain is no longer updated, even if the price of its product is. `live`: it is
   * updated again, and the new chain follows.
   */
  readonly status: 'stale' | 'live';
  /** When the newest chain arrived, by the clock of the gateway; `null` if none ever did. */
  readonly last_update: Timestamp | null;
  /** The age of that chain when this message was written, ms; `null` if there is none. */
  readonly age_ms: number | null;
}

/** Payload of `portfolio_status`: whether the portfolio of the client's own user is updated. */
export interface PortfolioStatus {
  /**
   * `stale`: the portfolio is not updated, or no portfolio of the user is known. `live`: it is
   * updated again, and the newest portfolio has been sent or follows.
   */
  readonly status: 'stale' | 'live';
  /** When the newest portfolio arrived, by the clock of the gateway; `null` if none ever did. */
  readonly last_update: Timestamp | null;
  /** The age of that portfolio when this message was written, ms; `null` if there is none. */
  readonly age_ms: number | null;
}

/**
 * Payload of `feed_gap`: the replica was disconnected from the feed, or received some updates too
 * late to send them in order. Updates published in the meantime are not sent later. The newest
 * update of each product and chain follows within seconds, unless the client already has it.
 */
export interface FeedGap {
  /** When the feed was last known to work. */
  readonly since: Timestamp;
  /** When the feed worked again. */
  readonly until: Timestamp;
  /** The only room that missed updates. Left out if any room may have. */
  readonly room?: Room;
}

/**
 * Payload of `latency_probe`, which a client that asked for probes in its handshake answers at once
 * with `latency_echo`. The gateway measures the time until the answer.
 */
export interface LatencyProbe {
  /**
   * Identifies the probe.
   * @minLength 1
   * @maxLength 64
   */
  readonly id: string;
  /** When the gateway sent it, seconds since the epoch. */
  readonly sent_at: number;
}

/**
 * Payload of `heartbeat`: the connection works, even if no update comes. The gateway sends it to a
 * client that subscribed to it and has been sent nothing else for a while, and when `feed` or
 * `market` changes.
 */
export interface Heartbeat {
  /** Seconds since the epoch, with a fraction. */
  readonly server_time: number;
  /** `down`: the gateway is cut off from the feed, so no update can come. */
  readonly feed: 'up' | 'down';
  /**
   * `closed`: every market is closed, so no update is expected. `open` if `MARKET_HOURS` is not set.
   */
  readonly market: 'open' | 'closed';
  /**
   * How long the oldest update that this gateway still has to write to clients has been waiting, ms;
   * 0 if none is.
   * @asType integer
   * @minimum 0
   */
  readonly queue_ms: number;
}

/**
 * Payload of `market_status`: the phase of a market, according to the hours and holidays that the
 * gateway is configured with.
 */
export interface MarketStatus {
  /**
   * The product, if it has hours of its own. Without it, the status is that of all products that
   * have none.
   */
  readonly product?: ProductSymbol;
  /**
   * `pre`: before the opening, when orders are taken and no prices are expected. `halted`: an
   * operator has marked the market as halted.
   */
  readonly status: 'open' | 'closed' | 'pre' | 'halted';
  /** When the status ends; `null` if that is not known. */
  readonly until: Timestamp | null;
}

/**
 * The client read too slowly. For each product and chain, only the newest update follows. Sent each
 * time that the client reads again after updates were dropped.
 */
export interface Lagging {
  /**
   * The number of updates that were dropped in favour of newer ones.
   * @asType integer
   * @minimum 1
   */
  readonly dropped: number;
  /**
   * How long the client was behind, ms.
   * @minimum 0
   */
  readonly since_ms: number;
}

/**
 * The token is about to expire. Unless the client sends `refresh_token`, the gateway closes the
 * connection when the token expires.
 */
export interface TokenExpiring {
  /** The time until the token expires, ms. */
  readonly expires_in_ms: number;
  /** When the token expires, seconds since the epoch. */
  readonly expires_at: number;
}

/** The new token has replaced the old one. */
export interface TokenRefreshed {
  /** When the new token expires, seconds since the epoch; `null` if authentication is off. */
  readonly expires_at: number | null;
}

export const NOTICE_LEVELS = ['info', 'warning', 'critical'] as const;

/** A text from the operators, for the people who use the client. Clients show it as it is. */
export interface Notice {
  readonly level: (typeof NOTICE_LEVELS)[number];
  /**
   * Plain text.
   * @minLength 1
   * @maxLength 500
   */
  readonly text: string;
  /**
   * A page with more, as an `https` URL.
   * @pattern ^https://
   */
  readonly link?: string;
  /** When it was sent, seconds since the epoch. */
  readonly sent_at: number;
}

/** The replica is shutting down, or hands over this client to others. */
export interface ServerDraining {
  /**
   * The time until the gateway closes this connection, ms. Clients that reconnect on their own
   * schedule should do so then.
   * @minimum 0
   */
  readonly reconnect_in_ms: number;
}

/** The last event before the gateway closes a connection. */
export interface Closing {
  readonly code: ClosingCode;
  /** A text for people. */
  readonly message: string;
  /** Whether the client should connect again. */
  readonly reconnect: boolean;
}
