import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { HandshakeGate } from '../admission/handshake-gate.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { type GatewayServer, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { clientDrainer } from './client-drainer.js';
import { shuffled } from './drainer.js';

/**
 * Closes a share of the clients gradually, so that they reconnect to other replicas, for example
 * after replicas were added. Meanwhile this replica accepts clients as usual.
 */
@Injectable()
export class RebalanceService {
  private running = false;

  constructor(
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly gate: HandshakeGate,
    private readonly metrics: TransportMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectPinoLogger(RebalanceService.name) private readonly log: PinoLogger,
  ) {}

  /**
   * Starts to close clients, and returns at once.
   * @param share the share of the clients, above 0 and up to 1
   * @param overMs the time over which they are closed, ms
   * @returns how many clients will be closed
   * @throws Error if an earlier rebalance has not ended, or if the replica is being drained
   */
  start(share: number, overMs: number): number {
    if (this.gate.refusal === 'draining') throw new Error('This replica is being drained.');
    if (this.running) throw new Error('This replica is being rebalanced already.');
    const all = shuffled([...this.server.sockets.sockets.values()], Math.random);
    const chosen = all.slice(0, Math.ceil(all.length * share));
    this.running = true;
    this.log.info({ clients: chosen.length, window_ms: overMs }, 'rebalance_started');
    const drainer = clientDrainer(this.clock, overMs, 'REBALANCING', () =>
      this.metrics.closedClients.inc({ code: 'REBALANCING' }),
    );
    for (const client of chosen) client.once('disconnect', () => drainer.gone(client));
    void drainer.run(chosen).then(() => {
      this.running = false;
      this.log.info({ clients: chosen.length }, 'rebalance_finished');
    });
    return chosen.length;
  }
}
