import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { RedisMetrics } from './redis.metrics.js';
import { FAULT_SOURCE, type FaultSource } from './fault-source.js';

/** Counts each fault of a connection to Redis by connection and kind. */
@Injectable()
export class RedisFaultMetrics implements OnModuleInit {
  constructor(
    @Inject(FAULT_SOURCE) private readonly faults: FaultSource,
    private readonly metrics: RedisMetrics,
  ) {}

  onModuleInit(): void {
    this.faults.listen((connection, kind) => this.metrics.redisErrors.inc({ connection, kind }));
  }
}
