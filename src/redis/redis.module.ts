import { Module } from '@nestjs/common';
import { RedisMetrics } from './redis.metrics.js';
import { RedisFaultMetrics } from './redis-fault-metrics.js';

/**
 * Counts the faults of the connections to Redis. The connections are created before the
 * application.
 */
@Module({ providers: [RedisFaultMetrics, RedisMetrics] })
export class RedisModule {}
