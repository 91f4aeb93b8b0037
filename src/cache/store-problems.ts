import type { Clock } from '../common/clock.js';
import { messageOf } from '../common/message-of.js';
import type { RateLimitedLog } from '../logging/rate-limited-log.js';
import type { CacheMetrics, STORE_OPERATIONS } from './cache.metrics.js';

/** How long a failed look-up is reported as a problem if no other look-up follows it, ms. */
const READ_PROBLEM_MS = 30_000;

type StoreOperation = (typeof STORE_OPERATIONS)[number];

/** Remembers which operations of the store fail, and counts and logs their errors. */
export class StoreProblems {
  /** Operations whose last attempt failed, with the error text and the clock time in ms. */
  private readonly problems = new Map<StoreOperation, { readonly text: string; readonly at: number }>();

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly metrics: CacheMetrics,
    private readonly faults: RateLimitedLog,
  ) {}

  /** The last error, in words; undefined while the store works. */
  get current(): string | undefined {
    for (const [operation, { text, at }] of this.problems) {
      // Writes and refreshes are retried until they succeed. A look-up is not, so its failure says
      // nothing about the present after a while.
      if (operation !== 'read' || this.clock.now() - at < READ_PROBLEM_MS) return `${operation}: ${text}`;
    }
    return undefined;
  }

  failed(operation: StoreOperation, error: unknown): void {
    const text = messageOf(error);
    this.problems.set(operation, { text, at: this.clock.now() });
    this.metrics.cacheErrors.inc({ operation });
    this.faults.warn(`store:${operation}`, 'cache_store_failed', { operation, problem: text });
  }

  solved(operation: StoreOperation): void {
    this.problems.delete(operation);
  }
}
