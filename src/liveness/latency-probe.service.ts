import { randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { type LatencyProbe, ServerEvent } from '../contract/index.js';
import { fanoutClientOf } from '../transports/socket-io/fanout-adapter.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { LatencyProbes } from './latency-probes.js';
import { LivenessMetrics } from './liveness.metrics.js';

/** The length of an id before it is encoded, bytes: too many to guess. */
const ID_BYTES = 9;

/** Sends probes to the clients that asked for them in their handshake, and measures their answers. */
@Injectable()
export class LatencyProbeService implements OnApplicationShutdown {
  private readonly probes: LatencyProbes<GatewaySocket>;

  constructor(
    @Inject(CLOCK) clock: Clock,
    private readonly metrics: LivenessMetrics,
  ) {
    this.probes = new LatencyProbes({
      clock,
      random: Math.random,
      makeId: () => randomBytes(ID_BYTES).toString('base64url'),
      send: (client, id) => {
        metrics.latencyProbes.inc();
        // Like every reply it comes after what was broadcast before, and behind what waits in the
        // connection. It overtakes what is held back from a client that lags.
        client.emit(ServerEvent.latencyProbe, {
          id,
          sent_at: clock.wallNow() / 1_000,
        } satisfies LatencyProbe);
      },
    });
  }

  onApplicationShutdown(): void {
    this.probes.stop();
  }

  add(client: GatewaySocket): void {
    const receiver = fanoutClientOf(client);
    if (receiver) this.probes.add(client, receiver);
  }

  remove(client: GatewaySocket): void {
    this.probes.remove(client);
  }

  /**
   * Takes an echo of a client.
   * @param payload what the client sent, unchecked
   * @returns whether it answers a probe, which the gateway itself asked for
   */
  echo(client: GatewaySocket, payload: unknown): boolean {
    const id = typeof payload === 'object' && payload !== null && 'id' in payload ? payload.id : undefined;
    const echo = this.probes.echo(client, id);
    this.metrics.latencyEchoes.inc({ result: echo.result });
    if (echo.result !== 'answered') return false;
    this.metrics.clientRoundTrip.observe({ transport: client.conn.transport.name }, echo.ms / 1_000);
    return true;
  }
}
