import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { LivenessModule } from '../liveness/liveness.module.js';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { PortfolioMetrics } from './portfolio.metrics.js';
import { PortfolioService } from './portfolio.service.js';

/** Sends clients the portfolio of the user of their token. */
@Module({
  imports: [AuthModule, LivenessModule, SocketIoModule],
  providers: [PortfolioMetrics, PortfolioService],
  exports: [PortfolioService],
})
export class PortfolioModule {}
