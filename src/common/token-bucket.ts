import type { Clock } from './clock.js';

export interface TokenRate {
  readonly clock: Pick<Clock, 'now'>;
  /** Tokens added in a second. */
  readonly perSecond: number;
  /** Tokens that are saved at most. */
  readonly burst: number;
}

/** So many of something a second on average, and so many at once after a silence. Full at first. */
export class TokenBucket {
  private left: number;
  private countedAt: number;

  /** @param rate may be shared by any number of buckets */
  constructor(private readonly rate: TokenRate) {
    this.left = rate.burst;
    this.countedAt = rate.clock.now();
  }

  /** What may be taken now; below zero what is owed, since more was taken than there was. */
  get tokens(): number {
    const { clock, perSecond, burst } = this.rate;
    const now = clock.now();
    this.left = Math.min(burst, this.left + ((now - this.countedAt) * perSecond) / 1_000);
    this.countedAt = now;
    return this.left;
  }

  /** As good as new. */
  get full(): boolean {
    return this.tokens >= this.rate.burst;
  }

  /** Takes some, whether they are there or not; answers what is left. */
  take(tokens = 1): number {
    this.left = this.tokens - tokens;
    return this.left;
  }

  /** Until there are so many, whole ms; 0 or less where there are. */
  msUntil(tokens: number): number {
    return Math.ceil(((tokens - this.tokens) * 1_000) / this.rate.perSecond);
  }
}
