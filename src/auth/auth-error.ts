import type { ConnectErrorCode, ConnectErrorData } from '../contract/index.js';

/** A token, or its lack, that lets nobody in. Nothing of the token is in it. */
export class AuthError extends Error {
  constructor(
    readonly code: ConnectErrorCode,
    message: string,
    /** When to try again, ms from now; where waiting helps. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }

  /** As the stock client's `connect_error` has it in `data`. */
  get data(): ConnectErrorData {
    const { code, message, retryAfterMs: retry_after_ms } = this;
    return retry_after_ms === undefined ? { code, message } : { code, message, retry_after_ms };
  }
}

export function invalidToken(problem: string): AuthError {
  return new AuthError('TOKEN_INVALID', `The token ${problem}. Get another token.`);
}

/** What a client is asked to wait where its token cannot be checked, ms. */
const UNAVAILABLE_RETRY_MS = 2_000;

/** Nothing is said of the token, or of why. */
export function authUnavailable(): AuthError {
  return new AuthError(
    'AUTH_UNAVAILABLE',
    'The gateway cannot check the token at the moment. Try again after retry_after_ms.',
    UNAVAILABLE_RETRY_MS,
  );
}
