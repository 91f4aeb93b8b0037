import { Injectable } from '@nestjs/common';
import { ClientEvent } from '../contract/index.js';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Metrics of the work that clients request. */
@Injectable()
export class LimitMetrics extends MetricsGroup {
  readonly requestWork = this.counter(
    'request_work_total',
    'Units of work charged to accepted client requests.',
    { event: Object.values(ClientEvent) },
  );
}
