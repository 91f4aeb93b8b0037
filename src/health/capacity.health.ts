import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { GatewayConfig } from '../config/gateway-config.js';
import { type GatewayServer, SOCKET_SERVER } from '../fanout/socket-server.js';

/** Whether this replica takes more clients: not leaving service, and below the connection cap. */
@Injectable()
export class CapacityHealth implements BeforeApplicationShutdown {
  private draining = false;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Clients connected to this replica. */
  get clients(): number {
    return this.server.sockets.sockets.size;
  }

  beforeApplicationShutdown(): void {
    this.draining = true;
  }

  check(): HealthIndicatorResult {
    const indicator = this.indicators.check('capacity');
    const { clients } = this;
    const { maxConnections } = this.config;
    if (this.draining) return indicator.down({ reason: 'draining', clients });
    if (clients >= maxConnections) {
      return indicator.down({ reason: `at the connection cap of ${maxConnections}`, clients });
    }
    return indicator.up({ clients, max_connections: maxConnections });
  }
}
