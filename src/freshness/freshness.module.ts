import { Module } from '@nestjs/common';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { ViewsModule } from '../views/views.module.js';
import { FreshnessMetrics } from './freshness.metrics.js';
import { FreshnessService } from './freshness.service.js';

/** Detects prices and chains that have stopped, and tells clients. */
@Module({
  imports: [SocketIoModule, ViewsModule],
  providers: [FreshnessMetrics, FreshnessService],
  exports: [FreshnessService],
})
export class FreshnessModule {}
