import type { Clock } from '../common/clock.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';

/**
 * How far the clock of a producer may be ahead of this replica, and how long this replica may be
 * behind another one, ms.
 */
const MAX_AHEAD_MS = 10_000;

interface Ahead {
  /** The time of the newest portfolio that the client has, µs since the epoch. */
  readonly time: number;
  /** Until when it is sent no older one, ms of the clock. */
  readonly until: number;
}

/** The clients of one user that have got a newer portfolio from another replica than this one knows. */
export class AheadClients {
  private readonly clients = new Map<GatewaySocket, Ahead>();

  constructor(private readonly clock: Pick<Clock, 'now' | 'wallNow'>) {}

  /**
   * Records the time of the newest portfolio that a client has, as it says. A time that no producer
   * can have set is ignored.
   * @param newest the time of the newest portfolio that is known here; both µs since the epoch
   */
  add(client: GatewaySocket, time: number, newest: number): void {
    const latest = Math.max(this.clock.wallNow() * 1_000, newest);
    if (time > latest + MAX_AHEAD_MS * 1_000) return;
    this.clients.set(client, { time, until: this.clock.now() + MAX_AHEAD_MS });
  }

  /** Whether a client already has the newest portfolio that is known here, or a newer one. */
  has(client: GatewaySocket, newest: number): boolean {
    const ahead = this.clients.get(client);
    if (!ahead) return false;
    if (newest <= ahead.time && this.clock.now() < ahead.until) return true;
    this.clients.delete(client);
    return false;
  }

  delete(client: GatewaySocket): void {
    this.clients.delete(client);
  }
}
