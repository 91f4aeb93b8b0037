import { Injectable } from '@nestjs/common';
import { REJECT_REASONS } from '../feed/feed-message-error.js';
import { MetricsGroup } from '../metrics/metrics-group.js';

export const STORE_OPERATIONS = ['read', 'write', 'refresh'] as const;

/** Metrics of the newest messages in memory and of the calls to the store. */
@Injectable()
export class CacheMetrics extends MetricsGroup {
  readonly cacheEntries = this.gauge('cache_entries', 'Newest messages held in memory.', [], 'max');
  readonly cacheBytes = this.gauge(
    'cache_bytes',
    'Estimated size of the newest messages held in memory.',
    [],
    'max',
  );
  readonly cacheUnreadable = this.counter(
    'cache_unreadable_total',
    'Stored entries that were skipped because they could not be parsed.',
    {
      reason: REJECT_REASONS,
    },
  );
  readonly cacheReads = this.counter(
    'cache_store_reads_total',
    'Rooms that were looked up in the store because memory was incomplete.',
  );
  readonly cacheReadsRefused = this.counter(
    'cache_store_reads_refused_total',
    'Rooms that were not looked up in the store because too many look-ups were waiting.',
  );
  readonly cacheSearches = this.counter(
    'cache_store_searches_total',
    'Scans of the store for chains of products of which memory has none.',
  );
  readonly cacheWrites = this.counter('cache_store_writes_total', 'Entries written to the store.');
  readonly cacheErrors = this.counter('cache_store_errors_total', 'Failed calls to the store.', {
    operation: STORE_OPERATIONS,
  });
  readonly cacheEvicted = this.counter(
    'cache_evicted_total',
    'Messages evicted from memory because CACHE_MAX_BYTES was reached.',
  );
}
