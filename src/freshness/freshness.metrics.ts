import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Products and chains that have stopped. */
@Injectable()
export class FreshnessMetrics extends MetricsGroup {
  readonly staleProducts = this.gauge(
    'stale_products',
    'Products without a new price for STALE_AFTER_MS, in their market hours.',
  );
  readonly staleChains = this.gauge(
    'stale_chains',
    'Option chains without a new message for CHAIN_STALE_AFTER_MS, in their market hours.',
  );
  readonly feedStatus = this.counter('feed_status_total', 'Times a product went stale or live.', ['status']);
  readonly chainStatus = this.counter('chain_status_total', 'Times an option chain went stale or live.', [
    'status',
  ]);
  readonly freshnessUnwatched = this.counter(
    'freshness_unwatched_total',
    'Messages of products and chains that are not watched, and subscriptions to unknown ones that were not told so: there are too many.',
    ['kind'],
  );
}
