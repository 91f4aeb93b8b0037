import { Module } from '@nestjs/common';
import { CacheMetrics } from './cache.metrics.js';
import { CacheService } from './cache.service.js';

/** The newest messages, in memory and under `latest:*`. */
@Module({ providers: [CacheMetrics, CacheService], exports: [CacheService] })
export class CacheModule {}
