import { Injectable } from '@nestjs/common';
import { FEED_CHANNELS } from '../feed/channels.js';
import type { MarketMessage } from '../feed/market-message.js';
import { REJECT_REASONS } from '../feed/feed-message-error.js';
import { MetricsGroup } from '../metrics/metrics-group.js';

const KINDS = ['underlying', 'chain'] as const satisfies readonly MarketMessage['kind'][];

/** Counts the messages of the feed and what happened to them. */
@Injectable()
export class BridgeMetrics extends MetricsGroup {
  readonly feedUp = this.gauge(
    'feed_up',
    '1 while the subscription to the enriched channels is confirmed.',
    [],
    'min',
  );
  readonly feedMessages = this.counter('feed_messages_total', 'Messages from the feed.', {
    channel: FEED_CHANNELS,
  });
  readonly feedRejected = this.counter('feed_rejected_total', 'Feed messages refused, not forwarded.', {
    reason: [...REJECT_REASONS, 'internal_error'],
  });
  readonly feedBadValues = this.counter(
    'feed_bad_values_total',
    'Bad values of the feed: what rejected its message, and what was nulled or left out of a chain. Products that are ' +
      'configured are named.',
    { product: [], field: [], action: [] },
  );
  readonly feedOlder = this.counter(
    'feed_older_total',
    'Feed messages dropped because a newer one of their product or chain had gone out.',
    { kind: KINDS },
  );
  readonly feedRepeated = this.counter(
    'feed_repeated_total',
    'Feed messages not sent again because they repeat the newest of their product or chain.',
    { kind: KINDS },
  );
  readonly feedGaps = this.counter(
    'feed_gaps_total',
    'Times the feed was lost and came back, so that clients miss updates.',
  );
  readonly feedRebased = this.counter(
    'feed_rebased_total',
    'Times a product or chain took an older time base, after its producer was set back.',
    { kind: KINDS },
  );
  readonly bridgeLag = this.histogram(
    'bridge_lag_seconds',
    "From a message's processed_at to its arrival here; includes the clocks' difference.",
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    { kind: KINDS },
  );
}
