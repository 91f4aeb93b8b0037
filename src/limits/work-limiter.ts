import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { LimitMetrics } from './limit.metrics.js';
import { WorkRate } from './work-rate.js';

/** Charges each connection for the work that its requests cause. */
@Injectable()
export class WorkLimiter implements OnApplicationShutdown {
  private readonly rate: WorkRate<GatewaySocket['conn']>;

  constructor(
    config: GatewayConfig,
    private readonly metrics: LimitMetrics,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.rate = new WorkRate({
      clock,
      perSecond: config.workPerSecond,
      burst: config.workBurst,
    });
  }

  onApplicationShutdown(): void {
    this.rate.stop();
  }

  /**
   * Charges a client for a request.
   * @returns 0 if the request may be served; otherwise the time in ms after which it may be sent
   *   again
   */
  spend(client: GatewaySocket, event: string, units: number): number {
    const waitMs = this.rate.spend(client.conn, units);
    if (waitMs === 0) this.metrics.requestWork.inc({ event }, units);
    return waitMs;
  }

  /**
   * Charges a client for work whose extent is known only once it is done. Later requests wait for
   * it.
   */
  charge(client: GatewaySocket, event: string, units: number): void {
    this.rate.charge(client.conn, units);
    this.metrics.requestWork.inc({ event }, units);
  }
}
