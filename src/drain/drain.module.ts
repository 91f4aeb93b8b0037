import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { DrainMetrics } from './drain.metrics.js';
import { DrainService } from './drain.service.js';
import { RebalanceService } from './rebalance.service.js';

/** Disconnects the clients gradually before this replica stops. */
@Module({
  imports: [AdmissionModule, SocketIoModule],
  providers: [DrainMetrics, DrainService, RebalanceService],
  exports: [DrainService, RebalanceService],
})
export class DrainModule {}
