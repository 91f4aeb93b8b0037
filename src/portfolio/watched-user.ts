import type { Clock } from '../common/clock.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { AheadClients } from './ahead-clients.js';
import { NewestPortfolio } from './newest-portfolio.js';

/** A user whose portfolio clients of this replica receive. Times are ms since the epoch. */
export class WatchedUser {
  readonly clients = new Set<GatewaySocket>();
  /** The clients that have been sent no portfolio since they joined. */
  readonly unserved = new Set<GatewaySocket>();
  readonly ahead: AheadClients;
  readonly newest: NewestPortfolio;
  /** Whether the subscription to the channel of the user works. */
  isListening = false;
  /** When the subscription last began to work, ms of the monotonic clock. */
  listeningSince = Infinity;
  /** When the subscription was lost; undefined if it was not, or works again. */
  lostAt: number | undefined;
  /** Whether the store has answered since the subscription first worked. */
  isRead = false;
  /** Whether the store is being asked. */
  isReading = false;
  /** When a message of the channel last arrived; 0 if none did. */
  heardAt = 0;
  /** When the newest portfolio arrived; undefined if none is known. */
  arrivedAt: number | undefined;
  /** Whether the clients were told that the portfolio is stale. */
  isStale = false;

  /** @param since when its first client joined */
  constructor(
    readonly id: string,
    readonly since: number,
    clockResetAfterMs: number,
    clock: Clock,
  ) {
    this.ahead = new AheadClients(clock);
    this.newest = new NewestPortfolio(clockResetAfterMs);
  }
}
