import { Module } from '@nestjs/common';
import { CacheService } from './cache.service.js';

/** The newest messages, in memory and under `latest:*`. */
@Module({ providers: [CacheService], exports: [CacheService] })
export class CacheModule {}
