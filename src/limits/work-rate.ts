import { type CountedConnection, MessageRate, type MessageRateOptions } from './message-rate.js';

/**
 * Limits the work of each connection's requests: `burst` units at once after a pause, and
 * `perSecond` on average. Too much work never closes a connection, unlike too many messages: a
 * rejected request costs almost nothing, and counts as a message.
 */
export class WorkRate<Connection extends CountedConnection> {
  private readonly rate: MessageRate<Connection>;

  constructor(private readonly options: MessageRateOptions) {
    this.rate = new MessageRate(options);
  }

  /**
   * Charges for a request before it is served. A request that costs more than `burst` is charged
   * `burst`, because otherwise it could never be served.
   * @returns 0 if it is accepted; otherwise the time in ms until it would be. That is after
   *   requests that were rejected before it, up to the cost of one more burst.
   */
  spend(connection: Connection, units: number): number {
    const cost = Math.min(units, this.options.burst);
    const verdict = this.rate.spend(connection, cost);
    if (verdict === 'taken') return 0;
    const waitMs = Math.max(1, this.rate.retryAfterMs(connection));
    if (verdict === 'abuse') this.rate.forgive(connection, cost);
    return waitMs;
  }

  /** Charges for work that was done, up to the cost of one more burst than there is. */
  charge(connection: Connection, units: number): void {
    const cost = Math.min(units, this.options.burst);
    if (this.rate.spend(connection, cost) === 'abuse') this.rate.forgive(connection, cost);
  }

  stop(): void {
    this.rate.stop();
  }
}
