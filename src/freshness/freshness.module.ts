import { Module } from '@nestjs/common';
import { FreshnessService } from './freshness.service.js';

/** Which prices have stopped. */
@Module({ providers: [FreshnessService], exports: [FreshnessService] })
export class FreshnessModule {}
