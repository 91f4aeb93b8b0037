import type { Clock, Timer } from '../common/clock.js';
import { TokenBucket } from '../common/token-bucket.js';

/** One handshake that waits, or has been decided. */
export interface Ticket {
  /** It is given up: it takes no turn any more. */
  cancel(): void;
}

export interface HandshakeRateOptions {
  readonly clock: Clock;
  /** Handshakes let through in a second, on average. */
  readonly perSecond: number;
  /** The longest a handshake waits for its turn, ms; as many wait as are let through in that time. */
  readonly maxWaitMs: number;
}

/** How much of a second's handshakes may come at once after a silence. */
const BURST_SECONDS = 0.1;

const DECIDED: Ticket = { cancel: () => undefined };

/**
 * Lets handshakes through at a steady rate: a token bucket with a short queue. A thousand clients that come back at once
 * are taken a little later each, instead of holding up those that are here; who would wait too long is told at once.
 */
export class HandshakeRate {
  private readonly waiting = new Set<(passed: boolean) => void>();
  private readonly bucket: TokenBucket;
  private readonly maxWaiting: number;
  private timer: Timer | undefined;

  constructor(private readonly options: HandshakeRateOptions) {
    const { clock, perSecond, maxWaitMs } = options;
    this.bucket = new TokenBucket({ clock, perSecond, burst: Math.max(1, perSecond * BURST_SECONDS) });
    this.maxWaiting = Math.floor((perSecond * maxWaitMs) / 1_000);
  }

  /** Handshakes in the queue. */
  get size(): number {
    return this.waiting.size;
  }

  /** @param decided is called once, at once or when it is its turn: whether the handshake may go on */
  take(decided: (passed: boolean) => void): Ticket {
    if (this.waiting.size === 0 && this.bucket.tokens >= 1) {
      this.bucket.take();
      decided(true);
      return DECIDED;
    }
    if (this.waiting.size >= this.maxWaiting) {
      decided(false);
      return DECIDED;
    }
    this.waiting.add(decided);
    this.watch();
    return { cancel: () => void this.waiting.delete(decided) };
  }

  /** Refuses all that wait. */
  refuseWaiting(): void {
    this.timer?.cancel();
    this.timer = undefined;
    for (const decided of this.waiting) {
      this.waiting.delete(decided);
      decided(false);
    }
  }

  private readonly letThrough = (): void => {
    this.timer = undefined;
    for (const decided of this.waiting) {
      if (this.bucket.tokens < 1) break;
      this.bucket.take();
      this.waiting.delete(decided);
      decided(true);
    }
    this.watch();
  };

  private watch(): void {
    if (this.timer || this.waiting.size === 0) return;
    this.timer = this.options.clock.after(this.bucket.msUntil(1), this.letThrough);
  }
}
