import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { AdminModule } from '../operations/admin.module.js';
import { AdmissionModule } from '../admission/admission.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { REVOCATION_PORTS } from '../auth/revocation-store.js';
import { LATEST_STORE } from '../cache/latest-store.js';
import { ConfigModule } from '../config/config.module.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { DrainModule } from '../drain/drain.module.js';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { FEED_SOURCE } from '../feed/feed-source.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { HealthModule } from '../operations/health.module.js';
import { MetricsEndpointModule } from '../operations/metrics-endpoint.module.js';
import { CONNECTION_COUNTS } from '../limits/connection-counts.js';
import { HANDSHAKE_QUOTA } from '../admission/handshake-quota.js';
import { LimitsModule } from '../limits/limits.module.js';
import { loggingModule } from '../logging/logging.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { FAULT_SOURCE } from '../redis/fault-source.js';
import { RedisModule } from '../redis/redis.module.js';
import type { Ports } from './ports.js';
import { RedisBridgeModule } from '../bridge/redis-bridge.module.js';
import { ApiDocsModule } from '../api-docs/api-docs.module.js';

/** The ports, for the modules that stand on them. */
@Global()
@Module({})
class PortsModule {
  static forRoot({
    feed,
    store,
    faults,
    revocations,
    connectionCounts,
    handshakeQuota,
  }: Ports): DynamicModule {
    return {
      module: PortsModule,
      providers: [
        { provide: FEED_SOURCE, useValue: feed },
        { provide: LATEST_STORE, useValue: store },
        { provide: FAULT_SOURCE, useValue: faults },
        { provide: REVOCATION_PORTS, useValue: revocations },
        { provide: CONNECTION_COUNTS, useValue: connectionCounts },
        { provide: HANDSHAKE_QUOTA, useValue: handshakeQuota },
      ],
      exports: [
        FEED_SOURCE,
        LATEST_STORE,
        FAULT_SOURCE,
        REVOCATION_PORTS,
        CONNECTION_COUNTS,
        HANDSHAKE_QUOTA,
      ],
    };
  }
}

@Module({})
export class AppModule {
  static forRoot(config: GatewayConfig, ports: Ports, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        loggingModule(logger),
        PortsModule.forRoot(ports),
        SocketIoModule.forRoot(ports.adapter),
        AdminModule,
        MetricsModule,
        AdmissionModule,
        LimitsModule,
        AuthModule,
        GatewayModule,
        RedisModule,
        RedisBridgeModule,
        HealthModule,
        MetricsEndpointModule,
        ApiDocsModule,
        DrainModule,
      ],
    };
  }
}
