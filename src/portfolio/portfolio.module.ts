import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { HistoryModule } from '../history/history.module.js';
import { LivenessModule } from '../liveness/liveness.module.js';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { PortfolioHistory } from './portfolio-history.js';
import { PortfolioHistoryPages } from './portfolio-history-pages.js';
import { PortfolioMetrics } from './portfolio.metrics.js';
import { PortfolioService } from './portfolio.service.js';

/** Sends clients the portfolio of the user of their token, and its past if that is kept. */
@Module({
  imports: [AuthModule, HistoryModule, LivenessModule, SocketIoModule],
  providers: [PortfolioHistory, PortfolioHistoryPages, PortfolioMetrics, PortfolioService],
  exports: [PortfolioHistoryPages, PortfolioService],
})
export class PortfolioModule {}
