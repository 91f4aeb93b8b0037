import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { GatewayConfig } from '../config/gateway-config.js';
import { CLOCK, type Clock } from '../common/clock.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import { HandshakeGate } from '../admission/handshake-gate.js';
import { DrainMetrics } from './drain.metrics.js';
import { clientDrainer } from './client-drainer.js';

/**
 * Takes this replica out of service: it refuses new clients and disconnects the connected ones
 * gradually. The feed continues in the meantime. The rest of the shutdown happens in
 * `createGateway`.
 */
@Injectable()
export class DrainService {
  private drained: Promise<void> | undefined;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly gate: HandshakeGate,
    private readonly metrics: DrainMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectPinoLogger(DrainService.name) private readonly log: PinoLogger,
  ) {}

  /**
   * Starts the drain, and makes the replica not ready in the same turn. Resolves when all clients
   * are disconnected or their time is over. Later calls return the same promise.
   */
  drain(): Promise<void> {
    return (this.drained ??= this.run());
  }

  private async run(): Promise<void> {
    const started = this.clock.now();
    this.gate.leave();
    this.metrics.draining.set(1);
    const { sockets } = this.server.sockets;
    this.log.info({ clients: sockets.size, window_ms: this.config.drainTimeoutMs }, 'drain_started');

    const drainer = clientDrainer(this.clock, this.config.drainTimeoutMs, 'DRAINING', () =>
      this.metrics.drained.inc(),
    );
    const watch = (client: GatewaySocket): void => void client.once('disconnect', () => drainer.gone(client));
    for (const client of sockets.values()) watch(client);
    const late = (client: GatewaySocket): void => {
      watch(client);
      drainer.add(client);
    };
    this.server.on('connection', late);
    await drainer.run(sockets.values());
    this.server.off('connection', late);
    this.log.info(
      { ms: Math.round(this.clock.now() - started), remaining_clients: sockets.size },
      'drain_finished',
    );
  }
}
