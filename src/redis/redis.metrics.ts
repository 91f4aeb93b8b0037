import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';
import { REDIS_FAULT_KINDS, REDIS_ROLES } from './redis-faults.js';

/** Metrics of the faults of Redis and of the connections to it. */
@Injectable()
export class RedisMetrics extends MetricsGroup {
  readonly redisErrors = this.counter('redis_errors_total', 'Faults of Redis and of the connections to it.', {
    connection: REDIS_ROLES,
    kind: REDIS_FAULT_KINDS,
  });
}
