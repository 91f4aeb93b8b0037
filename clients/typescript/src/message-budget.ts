import type { ClientLimits } from './contract/index.js';
import type { Clock } from './clock.js';

/**
 * The share of the gateway's limit that the client uses, because the gateway counts pongs too and
 * clocks differ.
 */
const SHARE = 0.8;

/** How many messages the client may send now, according to the `limits` of `connected`. */
export class MessageBudget {
  private readonly most: number;
  private readonly perMs: number;
  private left: number;
  private at: number;

  constructor(
    limits: ClientLimits,
    private readonly clock: Clock,
  ) {
    this.most = Math.max(1, limits.event_burst * SHARE);
    this.perMs = Math.max(0.001, (limits.events_per_second * SHARE) / 1_000);
    this.left = this.most;
    this.at = clock.now();
  }

  /** The time in ms until the client may send another message. 0 means now. */
  waitMs(): number {
    this.refill();
    return this.left >= 1 ? 0 : Math.ceil((1 - this.left) / this.perMs);
  }

  take(): void {
    this.refill();
    this.left = Math.max(-this.most, this.left - 1);
  }

  private refill(): void {
    const now = this.clock.now();
    this.left = Math.min(this.most, this.left + (now - this.at) * this.perMs);
    this.at = now;
  }
}
