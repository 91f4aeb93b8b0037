import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../common/clock.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { MessageRate } from '../limits/message-rate.js';

/** The most log lines about one client: at once after a quiet period, and per second on average. */
const BURST = 10;
const PER_SECOND = 0.5;
/** The most rooms that a line names. */
const MAX_NAMED_ROOMS = 5;

/**
 * Logs the requests of clients, with one line for each request. The rate of lines about one client
 * is limited, so that an operator can read the log. A client that causes no lines uses no memory
 * here.
 */
@Injectable()
export class ClientLog implements OnApplicationShutdown {
  private readonly rate: MessageRate<GatewaySocket['conn']>;
  /** The number of suppressed lines, of all clients, since the last line that was written. */
  private suppressed = 0;

  constructor(
    @Inject(CLOCK) clock: Clock,
    @InjectPinoLogger(ClientLog.name) private readonly log: PinoLogger,
  ) {
    this.rate = new MessageRate({ clock, perSecond: PER_SECOND, burst: BURST });
  }

  onApplicationShutdown(): void {
    this.rate.stop();
  }

  /**
   * Logs the rooms that a client has joined or left with one request. Logs nothing if there are
   * none.
   */
  rooms(client: GatewaySocket, rooms: readonly string[], message: string): void {
    if (rooms.length === 0) return;
    const { suppressed } = this;
    if (this.rate.take(client.conn) !== 'taken') {
      this.suppressed++;
      return;
    }
    this.suppressed = 0;
    const named = rooms.slice(0, MAX_NAMED_ROOMS);
    this.log.info(
      { client_id: client.id, count: rooms.length, rooms: named, ...(suppressed > 0 && { suppressed }) },
      message,
    );
  }
}
