import type { Clock } from './clock.js';
import { TokenError } from './errors.js';
import type { ClientOptions, TokenReason } from './options.js';

/** How long the callback may take, ms. */
export const TOKEN_LIMIT_MS = 10_000;

/** The caller's token, or why there is none. */
export class TokenSource {
  constructor(
    private readonly token: ClientOptions['token'],
    private readonly clock: Clock,
  ) {}

  /** Whether asking again may give another token. */
  get renews(): boolean {
    return typeof this.token === 'function';
  }

  /** Rejects with a TokenError. `undefined`: the client is anonymous. */
  async get(reason: TokenReason): Promise<string | undefined> {
    const { token } = this;
    if (typeof token !== 'function') return token;
    const given: unknown = await this.limited(reason, token);
    if (typeof given === 'string' && given !== '') return given;
    throw new TokenError('The token callback gave no token');
  }

  private limited(reason: TokenReason, ask: (context: { reason: TokenReason }) => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.after(TOKEN_LIMIT_MS, () =>
        reject(new TokenError(`The token callback did not answer within ${TOKEN_LIMIT_MS} ms`)),
      );
      // In a promise: a callback may throw before it gives one.
      new Promise((answer) => answer(ask({ reason })))
        .then(resolve, (cause: unknown) => reject(new TokenError('The token callback failed', { cause })))
        .finally(() => timer.cancel());
    });
  }
}
