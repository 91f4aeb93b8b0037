import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { CacheModule } from '../cache/cache.module.js';
import { AuthHealth } from './auth.health.js';
import { CapacityHealth } from './capacity.health.js';
import { FreshnessModule } from '../freshness/freshness.module.js';
import { FeedHealth } from './feed.health.js';
import { FreshnessHealth } from './freshness.health.js';
import { RedisHealth } from './redis.health.js';
import { HealthController } from './health.controller.js';

@Module({
  // Terminus logs every failed check by itself, in a format of its own; the probes' answers say the same.
  imports: [CacheModule, FreshnessModule, TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [FeedHealth, RedisHealth, CapacityHealth, FreshnessHealth, AuthHealth],
})
export class HealthModule {}
