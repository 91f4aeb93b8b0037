import { type DynamicModule, Module, type ValueProvider } from '@nestjs/common';
import type { Logger } from 'pino';
import { AdminApiModule } from '../admin/api/admin-api.module.js';
import { hasAdminApi } from '../admin/api/admin-path.js';
import { OpsPageModule } from '../admin/page/ops-page.module.js';
import { AdminReplicasModule } from '../admin/replicas/admin-replicas.module.js';
import { REVOCATION_PORTS } from '../auth/revocation-store.js';
import { LATEST_STORE } from '../cache/latest-store.js';
import { ConfigModule } from '../config/config.module.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { DrainModule } from '../drain/drain.module.js';
import { ADAPTER_FACTORY } from '../transports/socket-io/socket-server.js';
import { CLOCK, systemClock } from '../common/clock.js';
import { CertificateMetrics } from '../http/certificate.metrics.js';
import { FEED_SOURCE } from '../feed/feed-source.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { HISTORY_STORE } from '../history/history-store.js';
import { HealthModule } from '../operations/health.module.js';
import { MetricsEndpointModule } from '../operations/metrics-endpoint.module.js';
import { CONNECTION_COUNTS } from '../limits/connection-counts.js';
import { HANDSHAKE_QUOTA } from '../admission/handshake-quota.js';
import { LoggingModule } from '../logging/logging.module.js';
import { WORKER_REPORTS, type WorkerReports } from '../operations/worker-reports.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { FAULT_SOURCE } from '../redis/fault-source.js';
import { RedisModule } from '../redis/redis.module.js';
import { PORTFOLIO_PORT } from '../portfolio/portfolio-port.js';
import type { Ports } from './ports.js';
import { RedisBridgeModule } from '../bridge/redis-bridge.module.js';
import { REPLICA_NAME, replicaName } from '../replicas/replica-name.js';
import { LivePageModule } from '../live-page/live-page.module.js';
import { RestModule } from '../rest/rest.module.js';
import { ApiDocsModule } from '../api-docs/api-docs.module.js';

@Module({})
export class AppModule {
  static forRoot(
    config: GatewayConfig,
    ports: Ports,
    logger: Logger,
    workers?: WorkerReports,
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config, [
          ...portProviders(ports),
          { provide: WORKER_REPORTS, useValue: workers ?? null },
          { provide: REPLICA_NAME, useValue: replicaName(config.replicaName, workers?.worker) },
        ]),
        LoggingModule.forRoot(logger),
        MetricsModule,
        GatewayModule,
        RedisModule,
        RedisBridgeModule,
        HealthModule,
        MetricsEndpointModule,
        ApiDocsModule,
        ...(config.restApi ? [RestModule] : []),
        // It acts on clients and replicas: it exists only if it cannot be reached by mistake.
        ...(hasAdminApi(config) ? [AdminReplicasModule, AdminApiModule, OpsPageModule] : []),
        ...(config.livePage === 'on' ? [LivePageModule] : []),
        DrainModule,
      ],
      providers: [CertificateMetrics],
    };
  }
}

function portProviders(ports: Ports): ValueProvider[] {
  return [
    { provide: CLOCK, useValue: systemClock },
    { provide: FEED_SOURCE, useValue: ports.feed },
    { provide: LATEST_STORE, useValue: ports.store },
    { provide: HISTORY_STORE, useValue: ports.history },
    { provide: ADAPTER_FACTORY, useValue: ports.adapter },
    { provide: FAULT_SOURCE, useValue: ports.faults },
    { provide: REVOCATION_PORTS, useValue: ports.revocations },
    { provide: PORTFOLIO_PORT, useValue: ports.portfolios },
    { provide: CONNECTION_COUNTS, useValue: ports.connectionCounts },
    { provide: HANDSHAKE_QUOTA, useValue: ports.handshakeQuota },
  ];
}
