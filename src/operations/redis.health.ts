import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { CacheService } from '../cache/cache.service.js';
import { FAULT_SOURCE, type FaultSource } from '../redis/fault-source.js';

/**
 * How Redis does beside the feed. Never down: without `latest:*` late joiners miss a snapshot, without the adapter calls do
 * not reach other replicas, while taking the replica out of service would cost its clients the feed.
 */
@Injectable()
export class RedisHealth {
  constructor(
    private readonly cache: CacheService,
    @Inject(FAULT_SOURCE) private readonly faults: FaultSource,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Whether `latest:*` can be read and written. */
  checkCache(): HealthIndicatorResult {
    return this.up('cache', this.cache.problem ?? this.faults.problem('commands'));
  }

  /** Whether other replicas can be heard; nothing while they can. */
  checkAdapter(): HealthIndicatorResult {
    const problem = this.faults.problem('adapter-sub');
    return problem === undefined ? {} : this.up('adapter', problem);
  }

  private up(name: string, problem: string | undefined): HealthIndicatorResult {
    const indicator = this.indicators.check(name);
    return problem === undefined ? indicator.up() : indicator.up({ problem });
  }
}
