import { Module } from '@nestjs/common';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { FreshnessMetrics } from './freshness.metrics.js';
import { FreshnessService } from './freshness.service.js';

/** Detects prices and chains that have stopped, and tells clients. */
@Module({
  imports: [SocketIoModule],
  providers: [FreshnessMetrics, FreshnessService],
  exports: [FreshnessService],
})
export class FreshnessModule {}
