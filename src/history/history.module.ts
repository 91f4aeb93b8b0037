import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { HistoryPages } from './history-pages.js';
import { HistoryReads } from './history-reads.js';
import { HistoryMetrics } from './history.metrics.js';
import { HistoryService } from './history.service.js';

/** Keeps past updates in memory and in the store's `history:*` streams. */
@Module({
  imports: [CacheModule],
  providers: [HistoryMetrics, HistoryPages, HistoryReads, HistoryService],
  exports: [HistoryService, HistoryMetrics, HistoryPages, HistoryReads],
})
export class HistoryModule {}
