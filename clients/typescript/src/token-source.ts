import type { Clock, Timer } from './clock.js';
import { TokenError } from './errors.js';
import type { ClientOptions, TokenReason } from './options.js';

/** How long the callback may take, in ms. */
export const TOKEN_LIMIT_MS = 10_000;

/** The caller's token, or the reason why there is none. */
export class TokenSource {
  private readonly limits = new Set<Timer>();

  constructor(
    private readonly token: ClientOptions['token'],
    private readonly clock: Clock,
  ) {}

  /** Whether another call may return another token. */
  get renews(): boolean {
    return typeof this.token === 'function';
  }

  /** Rejects with a TokenError. `undefined` means that the client is anonymous. */
  async get(reason: TokenReason): Promise<string | undefined> {
    const { token } = this;
    if (typeof token !== 'function') return token;
    const given: unknown = await this.limited(reason, token);
    if (typeof given === 'string' && given !== '') return given;
    throw new TokenError('The token callback gave no token');
  }

  /** No caller waits any more. A callback that hangs must not keep the process running. */
  stop(): void {
    for (const limit of this.limits) limit.cancel();
  }

  private limited(reason: TokenReason, ask: (context: { reason: TokenReason }) => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        this.limits.delete(timer);
      };
      const timer = this.clock.after(TOKEN_LIMIT_MS, () => {
        done();
        reject(new TokenError(`The token callback did not answer within ${TOKEN_LIMIT_MS} ms`));
      });
      this.limits.add(timer);
      // In a promise, because a callback may throw before it returns one.
      new Promise((answer) => answer(ask({ reason })))
        .then(resolve, (cause: unknown) => reject(new TokenError('The token callback failed', { cause })))
        .finally(done);
    });
  }
}
