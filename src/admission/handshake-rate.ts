import type { Clock, Timer } from '../common/clock.js';
import { TokenBucket } from '../common/token-bucket.js';

/** A handshake that waits for its turn, or that has already been decided. */
export interface Ticket {
  /** Removes the handshake from the queue, so that it does not use up a turn. */
  cancel(): void;
}

interface HandshakeRateOptions {
  readonly clock: Clock;
  /** Handshakes admitted per second, on average. */
  readonly perSecond: number;
  /**
   * The longest that a handshake waits for its turn, ms. It also limits the queue: as many
   * handshakes may wait as are admitted in this time.
   */
  readonly maxWaitMs: number;
}

/** The share of a second's handshakes that may be admitted at once after a quiet period. */
const BURST_SECONDS = 0.1;

const DECIDED: Ticket = { cancel: () => undefined };

/**
 * Admits handshakes at a steady rate: a token bucket with a short queue. If a thousand clients
 * reconnect at once, each is admitted a little later, so that they do not slow down the connected
 * clients. A client that would have to wait too long is refused at once.
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

  /** The number of handshakes in the queue. */
  get size(): number {
    return this.waiting.size;
  }

  /**
   * Admits a handshake now, queues it, or refuses it.
   * @param decided is called once, immediately or when its turn comes, with true if the handshake
   * is admitted
   */
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

  /** Refuses all handshakes in the queue. */
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
