import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Metrics of stale products and chains. */
@Injectable()
export class FreshnessMetrics extends MetricsGroup {
  readonly staleProducts = this.gauge(
    'stale_products',
    'Products that had no new price for STALE_AFTER_MS during their market hours.',
    [],
    'max',
  );
  readonly unseenProducts = this.gauge(
    'unseen_products',
    'Stale products that are configured and never had an update; stale_products counts them, too.',
    [],
    'max',
  );
  readonly staleChains = this.gauge(
    'stale_chains',
    'Option chains that had no new message for CHAIN_STALE_AFTER_MS during their market hours.',
    [],
    'max',
  );
  readonly feedStatus = this.counter('feed_status_total', 'Times a product went stale or live.', {
    status: ['stale', 'live'],
  });
  readonly chainStatus = this.counter('chain_status_total', 'Times an option chain went stale or live.', {
    status: ['stale', 'live'],
  });
  readonly freshnessUnwatched = this.counter(
    'freshness_unwatched_total',
    'Messages of products and chains that are not watched, and subscriptions to unknown ones that got no stale status, because a limit was reached.',
    { kind: ['product', 'chain', 'awaited'] },
  );
}
