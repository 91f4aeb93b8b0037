/** Why a client's request was refused. Each is documented in docs/events.md. */
export const ERROR_CODES = {
  INVALID_PAYLOAD: 'The payload is not an object.',
  INVALID_TYPE: 'The subscription type is missing or unknown.',
  INVALID_SYMBOL: 'A symbol is missing or malformed.',
  TOO_MANY_SYMBOLS: 'The batch names more symbols than one request may.',
  INVALID_EXPIRY: 'The expiry is not a date, or does not go with this type.',
  TOO_MANY_SUBSCRIPTIONS: 'The client would hold more subscriptions than it may.',
  SLOW_CLIENT: 'The client has yet to read what it was sent; ask again when it has.',
  UNKNOWN_EVENT: 'The gateway has no such event.',
  INTERNAL_ERROR: 'The gateway failed; the request may be tried again.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetail {
  /** The field of the request at fault. */
  readonly field: string;
  /** What it must be; never echoes what was sent. */
  readonly problem: string;
}

/** Payload of the `error` event, and `error` of a negative acknowledgement. */
export interface ErrorPayload {
  readonly message: string;
  readonly code: ErrorCode;
  /** The client event that was refused. */
  readonly event: string;
  readonly details?: readonly ErrorDetail[];
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
} as const satisfies Record<string, { closeCode: number; message: string; reconnect: boolean }>;

export type ClosingCode = keyof typeof CLOSINGS;
