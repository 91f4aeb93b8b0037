import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** The newest messages in memory, and the calls of the store. */
@Injectable()
export class CacheMetrics extends MetricsGroup {
  readonly cacheEntries = this.gauge('cache_entries', 'Newest messages held in memory.');
  readonly cacheBytes = this.gauge('cache_bytes', 'What the newest messages held in memory weigh.');
  readonly cacheUnreadable = this.counter('cache_unreadable_total', 'Cache entries skipped as unreadable.', [
    'reason',
  ]);
  readonly cacheReads = this.counter(
    'cache_store_reads_total',
    'Snapshots that had to be looked up in the store.',
  );
  readonly cacheReadsRefused = this.counter(
    'cache_store_reads_refused_total',
    'Snapshots not looked up in the store, because too many waited.',
  );
  readonly cacheWrites = this.counter('cache_store_writes_total', 'Entries written to the store.');
  readonly cacheErrors = this.counter('cache_store_errors_total', 'Failed calls of the store.', [
    'operation',
  ]);
  readonly cacheEvicted = this.counter(
    'cache_evicted_total',
    'Messages evicted from memory because it was full.',
  );
}
