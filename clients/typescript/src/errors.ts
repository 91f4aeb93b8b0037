import type {
  ClosingCode,
  ConnectErrorCode,
  ErrorCode,
  ErrorDetail,
  ErrorPayload,
} from './contract/index.js';

/** The codes of this client, in addition to those of the gateway. */
export type ClientErrorCode = 'TIMEOUT' | 'CLOSED' | 'TOO_MANY_REQUESTS';

/**
 * A request failed: the gateway rejected it (its codes), or there was no response
 * (`ClientErrorCode`).
 */
export class RequestError extends Error {
  override readonly name: string = 'RequestError';

  constructor(
    readonly code: ErrorCode | ClientErrorCode,
    message: string,
    readonly details: readonly ErrorDetail[] = [],
    /** When the request may be sent again, in ms from now, if that is known. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The gateway rejected a subscription, or ended it later. */
export class SubscriptionError extends RequestError {
  override readonly name = 'SubscriptionError';

  static of({ code, message, details, retry_after_ms }: ErrorPayload): SubscriptionError {
    return new SubscriptionError(code, message, details, retry_after_ms);
  }
}

/** The gateway rejected the client, or closed its connection permanently. */
export class ConnectionRefused extends Error {
  override readonly name = 'ConnectionRefused';

  constructor(
    readonly code: ConnectErrorCode | ClosingCode,
    message: string,
    /** When to retry, in ms from now, if waiting helps. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** The token callback threw, returned no token, or timed out. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}
