import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Work that clients ask for. */
@Injectable()
export class LimitMetrics extends MetricsGroup {
  readonly requestWork = this.counter(
    'request_work_total',
    'Units of work that client requests were charged before they were done.',
    ['event'],
  );
}
