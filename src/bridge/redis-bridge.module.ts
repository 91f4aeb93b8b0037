import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { FreshnessModule } from '../freshness/freshness.module.js';
import { RedisBridgeService } from './redis-bridge.service.js';

/** Consumes the enriched channels and emits to this replica's clients. */
@Module({ imports: [CacheModule, FreshnessModule], providers: [RedisBridgeService] })
export class RedisBridgeModule {}
