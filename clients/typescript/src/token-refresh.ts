import type { TokenAcknowledgement, RequestRejection, TokenExpiring } from './contract/index.js';
import { backoffMs } from './backoff.js';
import type { Clock, Timer } from './clock.js';
import type { Session } from './session.js';
import type { TokenSource } from './token-source.js';

const ANSWER_LIMIT_MS = 10_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MOST_MS = 15_000;
/** The gateway closes a connection after three attempts. */
const MAX_REFUSED = 2;
/** A notice this soon after a renewal is about the new token. In ms. */
const AT_ONCE_MS = 1_000;

/**
 * Renews the token of one connection when the gateway asks for it, until it succeeds or the token
 * expires. Then the gateway closes the connection, and the next connection asks for a token again.
 */
export class TokenRefresh {
  private timer: Timer | undefined;
  private round = 0;
  private renewedAt = -Infinity;

  constructor(
    private readonly tokens: TokenSource,
    private readonly clock: Clock,
    private readonly random: () => number,
    private readonly failed: (error: Error) => void,
  ) {}

  start(session: Session, { expires_in_ms }: TokenExpiring): void {
    this.stop();
    if (!this.tokens.renews) return;
    const now = this.clock.now();
    const { round } = this;
    const run = (): void => void this.run(session, round, now + expires_in_ms, 1, 0);
    // The new token is the old one, or expires as early. Asking at once would never end.
    if (now - this.renewedAt >= AT_ONCE_MS) run();
    else this.timer = this.clock.after(Math.max(RETRY_FIRST_MS, expires_in_ms / 2), run);
  }

  renewed(): void {
    this.stop();
    this.renewedAt = this.clock.now();
  }

  stop(): void {
    this.round += 1;
    this.timer?.cancel();
  }

  private async run(
    session: Session,
    round: number,
    until: number,
    attempt: number,
    refused: number,
  ): Promise<void> {
    const again = (refusals: number): void => {
      const wait = backoffMs(attempt, RETRY_FIRST_MS, RETRY_MOST_MS, this.random);
      if (round !== this.round || refusals >= MAX_REFUSED || this.clock.now() + wait > until) return;
      this.timer = this.clock.after(wait, () => void this.run(session, round, until, attempt + 1, refusals));
    };
    let token: string | undefined;
    try {
      token = await this.tokens.get('expiring');
    } catch (error) {
      if (round !== this.round) return;
      this.failed(error as Error);
      again(refused);
      return;
    }
    if (round !== this.round) return;
    session.ask<TokenAcknowledgement | RequestRejection>(
      'refresh_token',
      { token },
      ANSWER_LIMIT_MS,
      (result) => {
        if (result.kind === 'answer' && result.answer.ok) return;
        if (result.kind !== 'lost') again(result.kind === 'answer' ? refused + 1 : refused);
      },
    );
  }
}
