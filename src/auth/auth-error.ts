import type { ConnectErrorCode, ConnectErrorData } from '../contract/index.js';

/**
 * Thrown when a client is refused because of its token, or because it has none. It never contains
 * any part of the token.
 */
export class AuthError extends Error {
  constructor(
    readonly code: ConnectErrorCode,
    message: string,
    /** The time until a retry may succeed, ms; undefined if waiting does not help. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }

  /** The `data` of the `connect_error` event that Socket.IO clients receive. */
  get data(): ConnectErrorData {
    const { code, message, retryAfterMs: retry_after_ms } = this;
    return retry_after_ms === undefined ? { code, message } : { code, message, retry_after_ms };
  }
}

/** Thrown when a client that has a token sends one of another user. */
export class OtherUserError extends AuthError {
  constructor() {
    super('TOKEN_INVALID', 'This token belongs to another user. Open a new connection to use it.');
  }
}

export function invalidToken(problem: string): AuthError {
  return new AuthError('TOKEN_INVALID', `The token ${problem}. Get another token.`);
}

/** The time that a client is asked to wait while tokens cannot be checked, ms. */
const UNAVAILABLE_RETRY_MS = 2_000;

/**
 * The error for a token that cannot be checked now. It says nothing about the token or the cause.
 */
export function authUnavailable(): AuthError {
  return new AuthError(
    'AUTH_UNAVAILABLE',
    'The gateway cannot check the token at the moment. Try again after retry_after_ms.',
    UNAVAILABLE_RETRY_MS,
  );
}
