import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { HistoryPages } from './history-pages.js';
import { HistoryMetrics } from './history.metrics.js';
import { HistoryService } from './history.service.js';

/** Keeps past updates in memory and in the store's `history:*` streams. */
@Module({
  imports: [CacheModule],
  providers: [HistoryMetrics, HistoryPages, HistoryService],
  exports: [HistoryService, HistoryMetrics, HistoryPages],
})
export class HistoryModule {}
