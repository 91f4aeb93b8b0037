// Copied from the service by scripts/copy-contract.mjs: change it there.
import type { Room } from './rooms.js';

/** Why a client's request was refused. Each is documented in docs/events.md. */
export const ERROR_CODES = {
  INVALID_PAYLOAD: 'The payload is not an object.',
  INVALID_TYPE: 'The subscription type is missing or unknown.',
  INVALID_SYMBOL: 'A symbol is missing or malformed.',
  TOO_MANY_SYMBOLS: 'The batch names more symbols than one request may.',
  INVALID_EXPIRY: 'The expiry is not a date, or does not go with this type.',
  TOO_MANY_SUBSCRIPTIONS:
    'The client would hold more subscriptions than it may. With retry_after_ms it may ask again then for those that rooms names.',
  FORBIDDEN: 'The token, or having none, does not allow it.',
  RATE_LIMITED: 'The client asks more often than it may; try again after retry_after_ms.',
  AUTH_REQUIRED: 'A token is required, and there is none.',
  TOKEN_INVALID: 'The token is not one that this gateway takes.',
  TOKEN_EXPIRED: 'The token has expired; come back with a new one.',
  TOKEN_REVOKED: 'The token, or all of its user, was revoked.',
  AUTH_UNAVAILABLE: 'The token cannot be checked now; try again after retry_after_ms.',
  TOO_MANY_CONNECTIONS: 'The user has as many connections as one may; try again after retry_after_ms.',
  SLOW_CLIENT: 'The client has yet to read what it was sent; ask again when it has.',
  SNAPSHOT_UNAVAILABLE: 'What a room last had cannot be looked up now; try again after retry_after_ms.',
  UNKNOWN_EVENT: 'The gateway has no such event.',
  INTERNAL_ERROR: 'The gateway failed; the request may be tried again.',
} as const;

/** Why a request was refused. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What is wrong with one field of a request. */
export interface ErrorDetail {
  /** The field of the request at fault. */
  readonly field: string;
  /** What it must be; never echoes what was sent. */
  readonly problem: string;
}

/** Payload of the `error` event, and `error` of a negative acknowledgement. */
export interface ErrorPayload {
  /** For people. */
  readonly message: string;
  readonly code: ErrorCode;
  /** The client event that was refused. */
  readonly event: string;
  readonly details?: readonly ErrorDetail[];
  /**
   * When the request may be made again, ms from now; where that is known.
   * @minimum 0
   */
  readonly retry_after_ms?: number;
  /**
   * Only if some rooms of the request are to blame, and only for now: these rooms. Ask again for
   * them after `retry_after_ms`; the other rooms of the request may be asked for at once.
   * @minItems 1
   */
  readonly rooms?: readonly Room[];
}

/** Why a client is refused the namespace: `data.code` of the stock client's `connect_error`. */
export const CONNECT_ERROR_CODES = [
  'AUTH_REQUIRED',
  'TOKEN_INVALID',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
  'AUTH_UNAVAILABLE',
  'TOO_MANY_CONNECTIONS',
] as const satisfies readonly ErrorCode[];

/** Why a client is refused the namespace. */
export type ConnectErrorCode = (typeof CONNECT_ERROR_CODES)[number];

/** `data` of the stock client's `connect_error`. */
export interface ConnectErrorData {
  readonly code: ConnectErrorCode;
  readonly message: string;
  /**
   * When to try again, ms from now; where waiting helps.
   * @minimum 0
   */
  readonly retry_after_ms?: number;
}

/** The stock client's `connect_error`: Socket.IO's CONNECT_ERROR packet. */
export interface ConnectRejection {
  readonly message: string;
  readonly data: ConnectErrorData;
}

/** The message of every refused subscription, as clients of the Flask service know it. */
export const INVALID_SUBSCRIPTION_MESSAGE = 'Invalid subscription request';

/** Why the gateway closes a connection, in `closing` and as the reason of the WebSocket's close frame. */
export const CLOSINGS = {
  TOO_SLOW: {
    closeCode: 4008,
    message: 'The client did not read what it was sent.',
    reconnect: true,
  },
  DRAINING: {
    // WebSocket's own "service restart".
    closeCode: 1012,
    message: 'The replica leaves service; others go on.',
    reconnect: true,
  },
  TOKEN_EXPIRED: {
    closeCode: 4001,
    message: 'The token has expired; come back with a new one.',
    reconnect: true,
  },
  TOKEN_REVOKED: {
    closeCode: 4003,
    message: 'The token, or all of its user, was revoked.',
    reconnect: false,
  },
  RATE_LIMITED: {
    closeCode: 4029,
    message: 'The client went on sending after it was told to slow down.',
    reconnect: false,
  },
} as const satisfies Record<string, { closeCode: number; message: string; reconnect: boolean }>;

/** Why the gateway closes a connection. */
export type ClosingCode = keyof typeof CLOSINGS;
