import { Module } from '@nestjs/common';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { ViewsModule } from '../views/views.module.js';
import { HeartbeatService } from './heartbeat.service.js';
import { LatencyProbeService } from './latency-probe.service.js';
import { LivenessMetrics } from './liveness.metrics.js';
import { MarketStatusService } from './market-status.service.js';

/** Tells clients that their connection works, and whether updates are to be expected. */
@Module({
  imports: [SocketIoModule, ViewsModule],
  providers: [HeartbeatService, LatencyProbeService, MarketStatusService, LivenessMetrics],
  exports: [HeartbeatService, LatencyProbeService, MarketStatusService],
})
export class LivenessModule {}
