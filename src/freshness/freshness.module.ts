import { Module } from '@nestjs/common';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { FreshnessMetrics } from './freshness.metrics.js';
import { FreshnessService } from './freshness.service.js';

/** Which prices and chains have stopped. */
@Module({
  imports: [SocketIoModule],
  providers: [FreshnessMetrics, FreshnessService],
  exports: [FreshnessService],
})
export class FreshnessModule {}
