import type { Clock } from './clock.js';

export interface TokenRate {
  readonly clock: Pick<Clock, 'now'>;
  /** Tokens added per second. */
  readonly perSecond: number;
  /** The most tokens that the bucket can hold. */
  readonly burst: number;
}

/**
 * A token bucket: limits an average rate and allows a burst after a quiet period. It starts full.
 */
export class TokenBucket {
  private left: number;
  private countedAt: number;

  /** @param rate may be shared by any number of buckets */
  constructor(private readonly rate: TokenRate) {
    this.left = rate.burst;
    this.countedAt = rate.clock.now();
  }

  /** The tokens that may be taken now. Negative if more tokens were taken than there were. */
  get tokens(): number {
    const { clock, perSecond, burst } = this.rate;
    const now = clock.now();
    this.left = Math.min(burst, this.left + ((now - this.countedAt) * perSecond) / 1_000);
    this.countedAt = now;
    return this.left;
  }

  /** True if the bucket holds all tokens, as a new one does. */
  get full(): boolean {
    return this.tokens >= this.rate.burst;
  }

  /**
   * Takes tokens, even if there are not enough of them.
   * @returns the tokens that are left, negative if too many were taken
   */
  take(tokens = 1): number {
    this.left = this.tokens - tokens;
    return this.left;
  }

  /**
   * The time until the bucket holds this many tokens, in whole ms; 0 or less if it does already.
   */
  msUntil(tokens: number): number {
    return Math.ceil(((tokens - this.tokens) * 1_000) / this.rate.perSecond);
  }
}
