import type { Room } from './rooms.js';

/**
 * The reasons for which a request or a connection is refused, with their meanings. docs/events.md
 * documents each of them.
 */
export const ERROR_CODES = {
  INVALID_PAYLOAD: 'The payload is not what this event takes. Send an object with the documented fields.',
  INVALID_TYPE: 'The `type` is missing or unknown. Use one of the types that `details` lists.',
  INVALID_SYMBOL: 'A symbol is missing or malformed. `details` says what a symbol may contain.',
  TOO_MANY_SYMBOLS:
    'The request names more symbols than `limits.max_symbols_per_request`. Split it into several requests.',
  INVALID_EXPIRY:
    'The `expiry` is not a date YYYY-MM-DD, or the type is not `chain`. Correct the expiry or leave it out.',
  INVALID_INTERVAL:
    'The `every_ms` is not a whole number within its bounds, or the type is not `heartbeat`. Correct it or leave it out.',
  INVALID_TIME:
    'A time (`since`, `from` or `to`) is not an ISO 8601 time. Send the `timestamp` of an update as it is.',
  INVALID_VIEW:
    'The `view` or `replace` is not valid, or the type has no such view. `details` says what it may be.',
  INVALID_PAGE:
    'The `limit`, `resolution` or `cursor` of a history request is not valid. `details` says what it may be.',
  TOO_MANY_SUBSCRIPTIONS:
    'The request would exceed `limits.max_subscriptions` or `limits.max_unknown_subscriptions`. Unsubscribe from other rooms first. If `retry_after_ms` is present, try again then for the rooms that `rooms` lists.',
  TOO_MANY_VIEWS:
    'The gateway sends as many different views as it can. Ask for views that others use or for the rooms themselves, or try again after `retry_after_ms` for the rooms that `rooms` lists.',
  FORBIDDEN:
    'The client may not have a room that it asked for. Ask for other rooms, or get a token that allows this one.',
  RATE_LIMITED:
    'The client sends messages, or asks for work, faster than its limits allow. Wait for `retry_after_ms`, then send more slowly.',
  AUTH_REQUIRED: 'The gateway requires a token, and the client sent none. Connect with a token.',
  TOKEN_INVALID: 'The token is invalid for this gateway. Get another token.',
  TOKEN_EXPIRED: 'The token has expired. Get a new token and connect again.',
  TOKEN_REVOKED: 'This token, or every token of this user, has been revoked. Sign in again.',
  AUTH_UNAVAILABLE: 'The gateway cannot check the token at the moment. Try again after `retry_after_ms`.',
  TOO_MANY_CONNECTIONS:
    'This user has reached the limit of connections. Close another connection, or try again after `retry_after_ms`.',
  SLOW_CLIENT: 'The client has not read what it was sent. Read it, then send the request again.',
  SNAPSHOT_UNAVAILABLE:
    'The gateway cannot look up the latest update of a room at the moment. Try again after `retry_after_ms`.',
  HISTORY_UNAVAILABLE:
    'The gateway keeps no history, or cannot read it at the moment. If `retry_after_ms` is present, try again then.',
  UNKNOWN_EVENT: 'The gateway has no event of this name. Use one of the documented events.',
  INTERNAL_ERROR: 'The gateway failed to process the request. Try again.',
} as const;

/** Why a request was refused. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What is wrong with one field of a request. */
export interface ErrorDetail {
  /** The field of the request that is wrong. */
  readonly field: string;
  /** What the field must be. The text never repeats what the client sent. */
  readonly problem: string;
  /**
   * Only for one of `symbols`: its position in the list, from 0.
   * @minimum 0
   */
  readonly index?: number;
  /**
   * Only for a symbol that is text: the first characters of what was sent, with `?` for those that
   * are not safe to show.
   */
  readonly symbol?: string;
}

/** Payload of the `error` event, and `error` of a negative acknowledgement. */
export interface ErrorPayload {
  /** A text for people. */
  readonly message: string;
  readonly code: ErrorCode;
  /** The client event that was refused. */
  readonly event: string;
  readonly details?: readonly ErrorDetail[];
  /**
   * The time until the request may be repeated, ms. Left out if it is not known.
   * @minimum 0
   */
  readonly retry_after_ms?: number;
  /**
   * The rooms that were refused, if only some rooms of the request were refused and only for now.
   * Ask for them again after `retry_after_ms`. The other rooms of the request may be asked for at
   * once.
   * @minItems 1
   */
  readonly rooms?: readonly Room[];
}

/**
 * The reasons for which a client may not connect: `data.code` of the `connect_error` of Socket.IO
 * clients.
 */
export const CONNECT_ERROR_CODES = [
  'AUTH_REQUIRED',
  'TOKEN_INVALID',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
  'AUTH_UNAVAILABLE',
  'TOO_MANY_CONNECTIONS',
] as const satisfies readonly ErrorCode[];

/** Why a client may not connect. */
export type ConnectErrorCode = (typeof CONNECT_ERROR_CODES)[number];

/** The `data` of the `connect_error` of Socket.IO clients. */
export interface ConnectErrorData {
  readonly code: ConnectErrorCode;
  readonly message: string;
  /**
   * The time until the client should try again, ms. Left out if waiting does not help.
   * @minimum 0
   */
  readonly retry_after_ms?: number;
}

/** The `connect_error` of Socket.IO clients, which Socket.IO sends as a CONNECT_ERROR packet. */
export interface ConnectRejection {
  readonly message: string;
  readonly data: ConnectErrorData;
}

/** The message of every refused subscription, kept because clients of the Flask service know it. */
export const INVALID_SUBSCRIPTION_MESSAGE = 'Invalid subscription request';
/** The message of every `get_history` whose payload is not valid. */
export const INVALID_HISTORY_MESSAGE = 'Invalid history request. The details say what is wrong.';

/**
 * The reasons for which the gateway closes a connection, in `closing` and in the close frame of the
 * WebSocket.
 */
export const CLOSINGS = {
  TOO_SLOW: {
    closeCode: 4008,
    message:
      'The client did not read what it was sent. Reconnect, and subscribe to less if this happens again.',
    reconnect: true,
  },
  DRAINING: {
    // The WebSocket code for a service restart.
    closeCode: 1012,
    message: 'This replica is shutting down. Reconnect to reach another one.',
    reconnect: true,
  },
  REBALANCING: {
    closeCode: 1012,
    message: 'This replica hands over some of its clients. Reconnect to reach another one.',
    reconnect: true,
  },
  DISCONNECTED: {
    closeCode: 4010,
    message: 'An operator has disconnected this client. Ask the operators before it connects again.',
    reconnect: false,
  },
  TOKEN_EXPIRED: {
    closeCode: 4001,
    message: 'The token has expired. Reconnect with a new one.',
    reconnect: true,
  },
  TOKEN_REVOKED: {
    closeCode: 4003,
    message: 'This token, or every token of this user, has been revoked. Sign in again.',
    reconnect: false,
  },
  RATE_LIMITED: {
    closeCode: 4029,
    message:
      'The client kept sending after it was told to slow down. Make it send less before it connects again.',
    reconnect: false,
  },
} as const satisfies Record<string, { closeCode: number; message: string; reconnect: boolean }>;

/** Why the gateway closes a connection. */
export type ClosingCode = keyof typeof CLOSINGS;
