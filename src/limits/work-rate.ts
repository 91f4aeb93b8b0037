import { type CountedConnection, MessageRate, type MessageRateOptions } from './message-rate.js';

/**
 * How much work each connection's requests may cause: `burst` units at once after a silence, `perSecond` on average. Unlike
 * too many messages, too much work never ends a connection: a refused request costs next to nothing, and counts as a message.
 */
export class WorkRate<Connection extends CountedConnection> {
  private readonly rate: MessageRate<Connection>;

  constructor(private readonly options: MessageRateOptions) {
    this.rate = new MessageRate(options);
  }

  /**
   * Takes what a request costs, before it is done. One that costs more than `burst` costs `burst`, or it could never be done.
   * @returns 0, or when a refused request would be taken, ms from now: behind those refused before it, as far as they amount to
   *   another burst
   */
  spend(connection: Connection, units: number): number {
    const cost = Math.min(units, this.options.burst);
    const verdict = this.rate.spend(connection, cost);
    if (verdict === 'taken') return 0;
    const waitMs = Math.max(1, this.rate.retryAfterMs(connection));
    if (verdict === 'abuse') this.rate.forgive(connection, cost);
    return waitMs;
  }

  stop(): void {
    this.rate.stop();
  }
}
