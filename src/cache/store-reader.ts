import { FeedMessageError } from '../feed/feed-message-error.js';
import type { MarketMessage } from '../feed/market-message.js';
import { type FeedRules, parseCached } from '../feed/parse-message.js';
import type { RateLimitedLog } from '../logging/rate-limited-log.js';
import type { CacheMetrics } from './cache.metrics.js';
import type { LatestMessages, StoredMessage, StoredUse } from './latest-messages.js';
import type { LatestStore } from './latest-store.js';
import type { StoreProblems } from './store-problems.js';

/** Keys per MGET. A chain can be 100 KB long, so this limits a reply to a few MB. */
export const READ_BATCH = 32;

/** Broadcasts a message to its rooms. */
export type Broadcast = (message: MarketMessage) => void;

export interface StoreReaderOptions {
  readonly store: Pick<LatestStore, 'read'>;
  readonly latest: LatestMessages;
  readonly rules: FeedRules;
  readonly problems: StoreProblems;
  readonly metrics: CacheMetrics;
  readonly faults: RateLimitedLog;
}

/** Reads messages of the store into memory, if they are newer than those in memory. */
export class StoreReader {
  constructor(private readonly options: StoreReaderOptions) {}

  /**
   * Reads these keys.
   * @param broadcast called for each message that enters memory, in the same turn
   * @throws if a key could not be read: those that could be read are in memory then
   */
  async read(keys: readonly string[], use: StoredUse, broadcast?: Broadcast): Promise<void> {
    const { store, latest } = this.options;
    let problem: Error | undefined;
    for (let start = 0; start < keys.length; start += READ_BATCH) {
      const batch = keys.slice(start, start + READ_BATCH);
      const since = latest.sequence;
      const values = await store.read(batch);
      for (const [index, key] of batch.entries()) {
        const value = values[index] ?? null;
        if (value instanceof Error) {
          problem = value;
          continue;
        }
        const stored = value === null ? undefined : this.parse(key, value);
        if (stored && latest.offerStored({ ...stored, since }, use)) broadcast?.(stored.message);
      }
    }
    // The values that could be read are used. The error makes the caller retry the others.
    if (problem) throw problem;
  }

  /** Like {@link read}, but returns false if the store could not be read. */
  async attempt(keys: readonly string[], use: StoredUse, broadcast?: Broadcast): Promise<boolean> {
    const { problems } = this.options;
    try {
      await this.read(keys, use, broadcast);
      problems.solved('read');
      return true;
    } catch (error) {
      problems.failed('read', error);
      return false;
    }
  }

  /** The message in the value of a key; undefined if it cannot be read, which is logged. */
  parse(key: string, value: string): Omit<StoredMessage, 'since'> | undefined {
    const { rules, metrics, faults } = this.options;
    try {
      return { message: parseCached(key, value, rules), short: isShort(value) };
    } catch (error) {
      if (!(error instanceof FeedMessageError)) throw error;
      metrics.cacheUnreadable.inc({ reason: error.reason });
      faults.warn(`unreadable:${error.reason}`, 'cache_entry_unreadable', { key, problem: error.message });
      return undefined;
    }
  }
}

/** Whether a stored value is the worker's short form `{price, timestamp}`. */
function isShort(value: string): boolean {
  return !value.includes('"processed_at"') && !value.includes('"expiry"');
}
