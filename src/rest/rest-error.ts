import type { AuthError } from '../auth/auth-error.js';
import { jittered } from '../common/jittered.js';
import { type ErrorDetail, roomName, type SnapshotAddress } from '../contract/index.js';
import type { HistoryError } from '../history/history-error.js';
import type { HttpError } from './rest-payloads.js';

export type RestErrorCode = NonNullable<HttpError['code']>;

/** The HTTP status of each error. */
export const STATUS_OF = {
  INVALID_SYMBOL: 400,
  TOO_MANY_SYMBOLS: 400,
  INVALID_EXPIRY: 400,
  INVALID_FORMAT: 400,
  INVALID_TIME: 400,
  INVALID_PAGE: 400,
  AUTH_REQUIRED: 401,
  TOKEN_INVALID: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_REVOKED: 401,
  FORBIDDEN: 403,
  ORIGIN_NOT_ALLOWED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  RATE_LIMITED: 429,
  SLOW_CLIENT: 429,
  INTERNAL_ERROR: 500,
  AUTH_UNAVAILABLE: 503,
  SNAPSHOT_UNAVAILABLE: 503,
  HISTORY_UNAVAILABLE: 503,
  UNAVAILABLE: 503,
} as const satisfies Record<RestErrorCode, number>;

/** The most rooms that an error names. */
const MAX_NAMED = 10;
const RETRY_MS = 1_000;

interface RestErrorMore {
  readonly details?: readonly ErrorDetail[];
  readonly retryAfterMs?: number;
  readonly rooms?: readonly string[];
}

/** Thrown when a request of the HTTP API is refused. Its text never repeats what was sent. */
export class RestError extends Error {
  constructor(
    readonly code: RestErrorCode,
    message: string,
    private readonly more: RestErrorMore = {},
  ) {
    super(message);
  }

  get status(): number {
    return STATUS_OF[this.code];
  }

  get retryAfterMs(): number | undefined {
    return this.more.retryAfterMs;
  }

  get body(): HttpError {
    const { status: statusCode, code, message } = this;
    const { details, retryAfterMs, rooms } = this.more;
    return {
      statusCode,
      code,
      message,
      ...(details && { details }),
      ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
      ...(rooms && { rooms }),
    };
  }
}

function named(addresses: readonly SnapshotAddress[]): string[] {
  return addresses.slice(0, MAX_NAMED).map(roomName);
}

export function ofToken({ code, message, retryAfterMs }: AuthError): RestError {
  // The limit of connections does not concern requests, so no request is refused with this code.
  if (code === 'TOO_MANY_CONNECTIONS') throw new TypeError(`a request was refused with ${code}`);
  return new RestError(code, message, { ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

export function ofHistory({ code, message, more }: HistoryError): RestError {
  return new RestError(code, message, more);
}

export function forbidden(addresses: readonly SnapshotAddress[], hasToken: boolean): RestError {
  const message = hasToken
    ? 'Your token does not allow this request. Ask for something else, or get a token that allows this.'
    : 'This request needs a token that allows it. Send one in the Authorization header.';
  return new RestError('FORBIDDEN', message, { rooms: named(addresses) });
}

export function notKnown(addresses: readonly SnapshotAddress[]): RestError {
  const message =
    'Nothing is known of what you asked for. Check the spelling, or try again after its first update.';
  return new RestError('NOT_FOUND', message, { rooms: named(addresses) });
}

export function lookUpFailed(addresses: readonly SnapshotAddress[]): RestError {
  const message =
    'The gateway cannot look up the latest update at the moment. Try again after retry_after_ms.';
  const rooms = named(addresses);
  return new RestError('SNAPSHOT_UNAVAILABLE', message, { retryAfterMs: jittered(RETRY_MS, 2), rooms });
}

export function tooManyRequests(retryAfterMs: number): RestError {
  const message =
    'You make more requests, or ask for more work, than your limits allow. Wait for retry_after_ms, then ask for less.';
  return new RestError('RATE_LIMITED', message, { retryAfterMs });
}

export function tooSlow(): RestError {
  const message = 'You have not read the responses that you asked for. Read them before you ask for more.';
  return new RestError('SLOW_CLIENT', message, { retryAfterMs: jittered(RETRY_MS, 2) });
}

export function unavailable(problem: string): RestError {
  const message = `This replica ${problem}. Try again after retry_after_ms.`;
  return new RestError('UNAVAILABLE', message, { retryAfterMs: jittered(RETRY_MS, 2) });
}
