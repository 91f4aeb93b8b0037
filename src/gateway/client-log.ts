import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../common/clock.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { MessageRate } from '../limits/message-rate.js';

/** Lines about one client's requests: at once after a silence, and a second on average. */
const BURST = 10;
const PER_SECOND = 0.5;
/** Rooms that a line names. */
const MAX_NAMED_ROOMS = 5;

/**
 * Logs what clients ask for: one line a request, and not more lines of one client than an operator can read. A client without
 * lines costs nothing.
 */
@Injectable()
export class ClientLog implements OnApplicationShutdown {
  private readonly rate: MessageRate<GatewaySocket['conn']>;
  /** Lines left out, of any client, since the last one that was written. */
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

  /** Rooms that a client has joined or left with one request; nothing is logged if there are none. */
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
