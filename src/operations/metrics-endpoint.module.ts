import { Module } from '@nestjs/common';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { AdminModule } from './admin.module.js';
import { ConnectionMetrics } from './connection.metrics.js';
import { WorkerMetrics } from './worker.metrics.js';
import { MetricsController } from './metrics.controller.js';

/** Serves `/metrics`. */
@Module({
  imports: [AdminModule, SocketIoModule],
  controllers: [MetricsController],
  providers: [ConnectionMetrics, WorkerMetrics],
})
export class MetricsEndpointModule {}
