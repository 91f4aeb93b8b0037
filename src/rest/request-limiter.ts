import type { Clock } from '../common/clock.js';
import { TokenBucket, type TokenRate } from '../common/token-bucket.js';

interface RequestLimiterOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Requests per second and at once. */
  readonly requests: Rate;
  /** Units of work per second and at once. */
  readonly work: Rate;
  /** The most callers that are counted. Beyond it the one that asked first is forgotten. */
  readonly maxCallers: number;
}

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Account {
  readonly requests: TokenBucket;
  readonly work: TokenBucket;
}

/**
 * Limits the requests of each caller, and the work that they cause. A caller is a user, or an
 * address of which no user is known. It has the limits of one connected client.
 */
export class RequestLimiter {
  private readonly requestRate: TokenRate;
  private readonly workRate: TokenRate;
  /** The callers in the order of their last requests. */
  private readonly accounts = new Map<string, Account>();

  constructor(private readonly options: RequestLimiterOptions) {
    const { clock, requests, work } = options;
    this.requestRate = { clock, ...requests };
    this.workRate = { clock, ...work };
  }

  /** How many callers are counted. */
  get size(): number {
    return this.accounts.size;
  }

  /**
   * Counts a request.
   * @returns 0 if it may be served; otherwise the time until it may be repeated, ms
   */
  request(caller: string): number {
    return spend(this.accountOf(caller).requests, 1);
  }

  /**
   * Charges a caller for work before it is done. Work that costs more than the whole burst is
   * charged the burst, because otherwise it could never be done.
   * @returns 0 if the work may be done; otherwise the time until it may be asked for again, ms
   */
  work(caller: string, units: number): number {
    return spend(this.accountOf(caller).work, Math.min(units, this.options.work.burst));
  }

  /** Charges a caller for work that has been done, even if it has not enough left. */
  charge(caller: string, units: number): void {
    this.accountOf(caller).work.take(units);
  }

  /** The time until a caller that was charged too much may ask again, ms; 0 if it may now. */
  blockedMs(caller: string): number {
    const account = this.accounts.get(caller);
    return account === undefined || account.work.tokens >= 0 ? 0 : Math.max(1, account.work.msUntil(0));
  }

  private accountOf(caller: string): Account {
    let account = this.accounts.get(caller);
    if (account)
      this.accounts.delete(caller); // so that it becomes the last
    else account = { requests: new TokenBucket(this.requestRate), work: new TokenBucket(this.workRate) };
    this.accounts.set(caller, account);
    this.forget();
    return account;
  }

  /** A full account is the same as a new one. So is one too many, to keep the memory bounded. */
  private forget(): void {
    for (const [caller, { requests, work }] of this.accounts) {
      const isFull = requests.full && work.full && this.accounts.size > 1;
      if (!isFull && this.accounts.size <= this.options.maxCallers) return;
      this.accounts.delete(caller);
    }
  }
}

function spend(bucket: TokenBucket, tokens: number): number {
  if (bucket.tokens >= tokens) {
    bucket.take(tokens);
    return 0;
  }
  return Math.max(1, bucket.msUntil(tokens));
}
