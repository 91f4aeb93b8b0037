import { Injectable } from '@nestjs/common';
import { REJECT_REASONS } from '../feed/feed-message-error.js';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Metrics of portfolios. None of them names a user. */
@Injectable()
export class PortfolioMetrics extends MetricsGroup {
  readonly users = this.gauge('portfolio_users', 'Users whose portfolios clients of this replica receive.');
  readonly up = this.gauge(
    'portfolio_up',
    '1 while the channels of all these users are subscribed to, or there are none.',
    [],
    'min',
  );
  readonly messages = this.counter('portfolio_messages_total', 'Portfolios received from Redis.', {
    verdict: ['newest', 'repeated', 'older', 'rejected'],
  });
  readonly rejected = this.counter(
    'portfolio_rejected_total',
    'Portfolios that were not forwarded, by reason, from the channels and from Redis keys.',
    { reason: [...REJECT_REASONS] },
  );
  readonly readErrors = this.counter(
    'portfolio_read_errors_total',
    'Failed attempts to read the newest portfolios of users.',
  );
}
