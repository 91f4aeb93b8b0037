import { Module } from '@nestjs/common';
import { CacheMetrics } from './cache.metrics.js';
import { CacheService } from './cache.service.js';

/** Keeps the newest messages in memory and under the store's `latest:*` keys. */
@Module({ providers: [CacheMetrics, CacheService], exports: [CacheService] })
export class CacheModule {}
