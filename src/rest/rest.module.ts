import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { CacheModule } from '../cache/cache.module.js';
import { FreshnessModule } from '../freshness/freshness.module.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { HistoryModule } from '../history/history.module.js';
import { ChainsController } from './chains.controller.js';
import { HistoryController } from './history.controller.js';
import { LatestUpdates } from './latest-updates.js';
import { OtherPathsController } from './other-paths.controller.js';
import { PricesController } from './prices.controller.js';
import { ProductsController } from './products.controller.js';
import { RestGuard } from './rest.guard.js';
import { RestMetrics } from './rest.metrics.js';
import { RestResponder } from './rest-responder.js';
import { Statuses } from './statuses.js';

/** The HTTP API below `/v1`: the newest prices and chains for one look, and past ones. */
@Module({
  imports: [AdmissionModule, AuthModule, CacheModule, FreshnessModule, GatewayModule, HistoryModule],
  controllers: [
    ProductsController,
    PricesController,
    ChainsController,
    HistoryController,
    OtherPathsController,
  ],
  providers: [LatestUpdates, RestGuard, RestMetrics, RestResponder, Statuses],
})
export class RestModule {}
