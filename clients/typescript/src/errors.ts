import type {
  ClosingCode,
  ConnectErrorCode,
  ErrorCode,
  ErrorDetail,
  ErrorPayload,
} from './contract/index.js';

/** What this client says itself, beside the gateway's own codes. */
export type ClientErrorCode = 'TIMEOUT' | 'CLOSED' | 'TOO_MANY_REQUESTS';

/** A request that was not done: by the gateway (its codes), or because no answer came (`ClientErrorCode`). */
export class RequestError extends Error {
  override readonly name: string = 'RequestError';

  constructor(
    readonly code: ErrorCode | ClientErrorCode,
    message: string,
    readonly details: readonly ErrorDetail[] = [],
    /** When it may be asked again, ms from now; where that is known. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A subscription that the gateway does not give, or that it has taken back. */
export class SubscriptionError extends RequestError {
  override readonly name = 'SubscriptionError';

  static of({ code, message, details, retry_after_ms }: ErrorPayload): SubscriptionError {
    return new SubscriptionError(code, message, details, retry_after_ms);
  }
}

/** The gateway does not let the client in, or has sent it away for good. */
export class ConnectionRefused extends Error {
  override readonly name = 'ConnectionRefused';

  constructor(
    readonly code: ConnectErrorCode | ClosingCode,
    message: string,
    /** When to try again, ms from now; where waiting helps. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** The token callback threw, gave no token, or did not answer in time. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}
