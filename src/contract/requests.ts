import type { ErrorPayload } from './errors.js';
import type { History } from './history.js';
import type { Heartbeat, Products, RoomSnapshot, TokenRefreshed } from './payloads.js';
import type { Room, SnapshotType, SubscriptionType } from './rooms.js';
import type { Expiry, ProductSymbol } from './symbol.js';
import type { Timestamp } from './timestamp.js';
import type { View, ViewRequest } from './views.js';

/** The fields with which a request names rooms. */
interface RoomsRequest {
  readonly symbol?: ProductSymbol;
  /**
   * Several symbols, instead of `symbol` or together with it. At most
   * `limits.max_symbols_per_request` of `connected` in all.
   * @minItems 1
   */
  readonly symbols?: readonly ProductSymbol[];
  /** Only the chain of this expiry. */
  readonly expiry?: Expiry;
  /** A cheaper form of the rooms, which is a room of its own. */
  readonly view?: ViewRequest;
}

/**
 * Payload of `subscribe` and `unsubscribe`. `product` and `chain` take `symbol` or `symbols`. Only
 * `chain` takes `expiry`, and only `heartbeat` takes `every_ms`. `heartbeat`, `portfolio` and `admin`
 * take no `view`. Unknown fields are ignored.
 * @additionalProperties true
 */
export interface SubscriptionRequest extends RoomsRequest {
  readonly type: SubscriptionType;
  /**
   * The client wants to hear something at least this often, ms. Default 2,000. The gateway grants
   * 1,000, 2,000, 5,000, 10,000 or 30,000: the longest of them that is not longer than this.
   * @asType integer
   * @minimum 1000
   * @maximum 60000
   */
  readonly every_ms?: number;
}

/**
 * Payload of `get_snapshot`. It takes the fields of `subscribe`, but not the type `general`, which
 * has no snapshot. Unknown fields are ignored.
 * @additionalProperties true
 */
export interface SnapshotRequest extends RoomsRequest {
  readonly type: SnapshotType;
}

/**
 * Payload of `subscribe`. It takes the fields of a subscription, and `since` to resume it. Unknown
 * fields are ignored.
 * @additionalProperties true
 */
export interface SubscribeRequest extends SubscriptionRequest {
  /**
   * The `timestamp` of the newest update that the client has, to receive what it missed since. For
   * several symbols, an object with the timestamp of each; a symbol without one is not resumed.
   */
  readonly since?: Timestamp | { readonly [symbol: string]: Timestamp };
  /**
   * `true`: the client leaves the other views of the rooms that it joins, and the rooms themselves
   * if it joins a view. So it changes its view in one request.
   */
  readonly replace?: boolean;
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

/**
 * Payload of `latency_echo`. Unknown fields are ignored.
 * @additionalProperties true
 */
export interface LatencyEcho {
  /**
   * The `id` of the `latency_probe` that it answers.
   * @minLength 1
   * @maxLength 64
   */
  readonly id: string;
}

/** The acknowledgement of a refused request. */
export interface RequestRejection {
  readonly ok: false;
  readonly error: ErrorPayload;
}

/**
 * The acknowledgement of a successful request. `rooms` are the rooms that the request named, or
 * those that the client is in.
 */
export interface Done {
  readonly ok: true;
  readonly rooms: readonly Room[];
}

/** The acknowledgement of a successful `subscribe`. */
export interface SubscriptionAcknowledgement extends Done {
  /**
   * The unknown symbols of the request, each with a known product that the client may have meant.
   * Left out if there are none.
   */
  readonly suggestions?: { readonly [symbol: string]: ProductSymbol };
  /**
   * The interval that was granted, ms. Only for `heartbeat`.
   * @asType integer
   * @minimum 1
   */
  readonly every_ms?: number;
  /** The view that was granted. Left out if the client gets the rooms as they are. */
  readonly view?: View;
}

/** The acknowledgement of a request, if the client passed one. */
export type Acknowledgement = Done | RequestRejection;

export type ProductsAcknowledgement = Done & Products;

/**
 * `rooms` is the room that has the updates of the page. `suggestions` is left out if the product is
 * known, or if no known product has a similar name.
 */
export type HistoryAcknowledgement = Done & History & Pick<SubscriptionAcknowledgement, 'suggestions'>;

export type SubscriptionsAcknowledgement = Done;

/**
 * Sent after all updates for the rooms. A lagging client may receive those updates later, and only
 * the newest of each stream.
 */
export type SnapshotAcknowledgement = Done & { readonly snapshots: readonly RoomSnapshot[] };

/**
 * `rooms` are the rooms that the client is still in, because the new token may allow fewer rooms
 * than the old one.
 */
export type TokenAcknowledgement = Done & TokenRefreshed;

/** Sent at once, which shows that the connection works in both directions. */
export type HeartbeatAcknowledgement = Done & Heartbeat;
