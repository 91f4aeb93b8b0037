import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { FreshnessModule } from '../freshness/freshness.module.js';
import { HistoryModule } from '../history/history.module.js';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { ViewsModule } from '../views/views.module.js';
import { BridgeMetrics } from './bridge.metrics.js';
import { RedisBridgeService } from './redis-bridge.service.js';

/** Consumes the enriched channels and broadcasts their messages to the clients of this replica. */
@Module({
  imports: [CacheModule, FreshnessModule, HistoryModule, SocketIoModule, ViewsModule],
  providers: [BridgeMetrics, RedisBridgeService],
})
export class RedisBridgeModule {}
