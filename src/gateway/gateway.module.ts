import { Module } from '@nestjs/common';
import { AdminClientsModule } from '../admin/clients/admin-clients.module.js';
import { AdminStatsModule } from '../admin/stats/admin-stats.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { CacheModule } from '../cache/cache.module.js';
import { FreshnessModule } from '../freshness/freshness.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { LivenessModule } from '../liveness/liveness.module.js';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { ViewsModule } from '../views/views.module.js';
import { HistoryModule } from '../history/history.module.js';
import { AdminRoomRequestService } from './admin-room-request.service.js';
import { ClientLog } from './client-log.js';
import { ErrorResponder } from './error-responder.js';
import { EventAdmission } from './event-admission.js';
import { GatewayExceptionFilter } from './gateway-exception.filter.js';
import { GatewayMetrics } from './gateway.metrics.js';
import { HistoryPipe } from './history.pipe.js';
import { HistoryRequestService } from './history-request.service.js';
import { MarketDataGateway } from './market-data.gateway.js';
import { PortfolioModule } from '../portfolio/portfolio.module.js';
import { PortfolioRequestService } from './portfolio-request.service.js';
import { ProductLists } from './product-lists.js';
import { RequestChecks } from './request-checks.js';
import { RequestCost } from './request-cost.js';
import { ResumeService } from './resume.service.js';
import { RoomMembership } from './room-membership.js';
import { SnapshotRequestService } from './snapshot-request.service.js';
import { SnapshotSender } from './snapshot-sender.js';
import { SymbolSuggestions } from './symbol-suggestions.js';
import { SnapshotPipe, SubscribePipe, SubscriptionPipe } from './subscription.pipe.js';
import { TokenPipe } from './token.pipe.js';

@Module({
  imports: [
    AdminClientsModule,
    AdminStatsModule,
    AuthModule,
    CacheModule,
    FreshnessModule,
    HistoryModule,
    LimitsModule,
    LivenessModule,
    PortfolioModule,
    SocketIoModule,
    ViewsModule,
  ],
  providers: [
    MarketDataGateway,
    RoomMembership,
    SnapshotRequestService,
    SymbolSuggestions,
    SnapshotSender,
    SnapshotPipe,
    HistoryPipe,
    HistoryRequestService,
    ResumeService,
    SubscribePipe,
    SubscriptionPipe,
    TokenPipe,
    ErrorResponder,
    EventAdmission,
    GatewayExceptionFilter,
    GatewayMetrics,
    ClientLog,
    AdminRoomRequestService,
    PortfolioRequestService,
    ProductLists,
    RequestChecks,
    RequestCost,
  ],
  exports: [ProductLists, RequestCost],
})
export class GatewayModule {}
