import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { GatewayConfig } from '../config/gateway-config.js';
import { type GatewayServer, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import { HandshakeGate } from '../admission/handshake-gate.js';

/**
 * Health of this replica's capacity. It is up while the replica accepts clients: it is not
 * draining, not overloaded, and below the connection cap.
 */
@Injectable()
export class CapacityHealth {
  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly gate: HandshakeGate,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Clients connected to this replica. */
  get clients(): number {
    return this.server.sockets.sockets.size;
  }

  check(): HealthIndicatorResult {
    const indicator = this.indicators.check('capacity');
    const { clients } = this;
    const { maxConnections } = this.config;
    const { refusal } = this.gate;
    if (refusal === 'max_connections') {
      return indicator.down({ reason: `at the connection cap of ${maxConnections}`, clients });
    }
    if (refusal !== undefined) return indicator.down({ reason: refusal, clients });
    return indicator.up({ clients, max_connections: maxConnections });
  }
}
