import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { CacheService } from '../cache/cache.service.js';
import { FAULT_SOURCE, type FaultSource } from '../redis/fault-source.js';

/**
 * Health of Redis, except for the feed. It is never down: without `latest:*` new subscribers may
 * miss a snapshot, and without the adapter calls do not reach other replicas, but taking the
 * replica out of service would cost its clients the feed.
 */
@Injectable()
export class RedisHealth {
  constructor(
    private readonly cache: CacheService,
    @Inject(FAULT_SOURCE) private readonly faults: FaultSource,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Reports whether `latest:*` can be read and written. */
  checkCache(): HealthIndicatorResult {
    return this.up('cache', this.cache.problem ?? this.faults.problem('commands'));
  }

  /** Reports that messages of other replicas are not received; empty otherwise. */
  checkAdapter(): HealthIndicatorResult {
    const problem = this.faults.problem('adapter-sub');
    return problem === undefined ? {} : this.up('adapter', problem);
  }

  private up(name: string, problem: string | undefined): HealthIndicatorResult {
    const indicator = this.indicators.check(name);
    return problem === undefined ? indicator.up() : indicator.up({ problem });
  }
}
