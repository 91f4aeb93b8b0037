import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Metrics of heartbeats and market statuses. */
@Injectable()
export class LivenessMetrics extends MetricsGroup {
  readonly heartbeats = this.counter(
    'heartbeats_total',
    'Heartbeats sent to clients that were sent nothing else for a while.',
  );
  readonly marketChanges = this.counter(
    'market_status_total',
    'Changes of market statuses that were broadcast.',
    {
      status: ['open', 'closed', 'pre', 'halted'],
    },
  );
}
