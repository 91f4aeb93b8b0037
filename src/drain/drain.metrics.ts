import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Metrics of the drain of this replica. */
@Injectable()
export class DrainMetrics extends MetricsGroup {
  readonly draining = this.gauge('draining', '1 while this replica drains its clients.', [], 'min');
  readonly drained = this.counter('drained_clients_total', 'Clients closed because this replica drained.');
}
