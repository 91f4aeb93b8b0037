import type { Clock, Timer } from '../clock.js';
import { TokenBucket, type TokenRate } from './token-bucket.js';

/** engine.io's connection of a client, as far as it is used here. */
export interface CountedConnection {
  readonly readyState: string;
}

export interface MessageRateOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly perSecond: number;
  readonly burst: number;
}

/** `refused`: the message is more than there may be; `abuse`: so was everything for another whole burst before it. */
export type MessageVerdict = 'taken' | 'refused' | 'abuse';

/** Tokens: less than a sum of fractions may be wrong by. Who waited as long as told must not be refused for it. */
const ROUNDING = 1e-6;

/** What each entry but the first costs, as a share of the burst: after eight in a row there is nothing left to owe. */
const ENTRY_SHARE = 0.25;

/** Time between two looks for buckets that are full again, ms. */
const SWEEP_MS = 1_000;

/**
 * How many messages each connection may send. A client that says nothing costs nothing: its bucket is made with a message,
 * and forgotten once it is full, which is when a new one would be no different. The pong of a client that only listens
 * has one for a second.
 */
export class MessageRate<Connection extends CountedConnection> {
  private readonly buckets = new Map<Connection, TokenBucket>();
  private readonly rate: TokenRate;
  private timer: Timer | undefined;

  constructor(private readonly options: MessageRateOptions) {
    this.rate = options;
  }

  /** Connections that have a bucket now. */
  get size(): number {
    return this.buckets.size;
  }

  /**
   * Counts one message, whatever becomes of it: who goes on sending while refused is refused for longer.
   * @param isEntry whether it asks to be let into a namespace, for which a client is made and its token checked, and which is
   *   answered in any case: once is enough for most, and the answers must not pile up for one that does not read
   */
  take(connection: Connection, isEntry = false): MessageVerdict {
    let bucket = this.buckets.get(connection);
    const cost = isEntry && bucket ? this.rate.burst * ENTRY_SHARE : 1;
    if (!bucket) {
      bucket = new TokenBucket(this.rate);
      this.buckets.set(connection, bucket);
      this.timer ??= this.options.clock.after(SWEEP_MS, this.sweep);
    }
    const left = bucket.take(cost);
    if (left >= -ROUNDING) return 'taken';
    return left >= -this.rate.burst - ROUNDING ? 'refused' : 'abuse';
  }

  /** When the next message would be taken, ms from now, if none is sent before. */
  retryAfterMs(connection: Connection): number {
    return Math.max(0, this.buckets.get(connection)?.msUntil(1) ?? 0);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private readonly sweep = (): void => {
    for (const [connection, bucket] of this.buckets) {
      if (bucket.full || connection.readyState === 'closed') this.buckets.delete(connection);
    }
    this.timer = this.buckets.size > 0 ? this.options.clock.after(SWEEP_MS, this.sweep) : undefined;
  };
}
