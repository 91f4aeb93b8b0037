import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AdmissionModule } from '../admission/admission.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { CacheModule } from '../cache/cache.module.js';
import { FreshnessModule } from '../freshness/freshness.module.js';
import { PortfolioModule } from '../portfolio/portfolio.module.js';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { AdminModule } from './admin.module.js';
import { AuthHealth } from './auth.health.js';
import { CapacityHealth } from './capacity.health.js';
import { FeedHealth } from './feed.health.js';
import { FreshnessHealth } from './freshness.health.js';
import { HealthController } from './health.controller.js';
import { PortfolioHealth } from './portfolio.health.js';
import { RedisHealth } from './redis.health.js';

/** Serves `/health`. */
@Module({
  imports: [
    AdminModule,
    AdmissionModule,
    AuthModule,
    CacheModule,
    FreshnessModule,
    PortfolioModule,
    SocketIoModule,
    // Terminus would log every failed check in its own format. The responses contain the same.
    TerminusModule.forRoot({ logger: false }),
  ],
  controllers: [HealthController],
  providers: [FeedHealth, RedisHealth, CapacityHealth, FreshnessHealth, AuthHealth, PortfolioHealth],
})
export class HealthModule {}
