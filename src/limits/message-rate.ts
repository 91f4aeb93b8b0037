import type { Clock, Timer } from '../common/clock.js';
import { TokenBucket } from '../common/token-bucket.js';

/** The part of engine.io's connection that is used here. */
export interface CountedConnection {
  readonly readyState: string;
}

export interface MessageRateOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * `refused`: the message exceeds the limit. `abuse`: it does, and so did messages worth a whole
 * burst before it.
 */
export type MessageVerdict = 'taken' | 'refused' | 'abuse';

/**
 * Allowed rounding error, in tokens. Without it, a client that waited exactly as long as it was
 * told could be rejected again.
 */
const ROUNDING = 1e-6;

/**
 * Cost of each connect to a namespace except the first, as a share of the burst. About eight in a
 * row use up the burst and the further burst that is tolerated.
 */
const ENTRY_SHARE = 0.25;

/** Time between two searches for buckets that are no longer needed, ms. */
const SWEEP_MS = 1_000;

/** The buckets of one connection. */
interface Account {
  /** Decides what is accepted. Only accepted messages take tokens. */
  readonly allowance: TokenBucket;
  /** Counts accepted and rejected messages. */
  readonly sent: TokenBucket;
}

/**
 * Limits the message rate of each connection. A silent client costs nothing: its buckets are
 * created with its first message, and deleted once they are full again, because new ones would be
 * the same. A client that only sends pongs has buckets for about a second per pong.
 */
export class MessageRate<Connection extends CountedConnection> {
  private readonly accounts = new Map<Connection, Account>();
  private timer: Timer | undefined;

  constructor(private readonly options: MessageRateOptions) {}

  /** Number of connections that have buckets. */
  get size(): number {
    return this.accounts.size;
  }

  /**
   * Counts one message. A rejected message is counted too, but does not reduce what later ones may
   * use: each rejected message gets its own time for a retry, and a client that keeps to it is
   * accepted.
   * @param isEntry whether the message is a connect to a namespace. It costs more, because the
   *   gateway creates a client for it, checks its token, and always replies. Most clients send one,
   *   and replies must not pile up for a client that does not read.
   */
  take(connection: Connection, isEntry = false): MessageVerdict {
    const cost = isEntry && this.accounts.has(connection) ? this.options.burst * ENTRY_SHARE : 1;
    return this.spend(connection, cost);
  }

  /** Like {@link take}, for a cost of `cost` tokens, which must not be more than `burst`. */
  spend(connection: Connection, cost: number): MessageVerdict {
    let account = this.accounts.get(connection);
    if (!account) {
      account = { allowance: new TokenBucket(this.options), sent: new TokenBucket(this.options) };
      this.accounts.set(connection, account);
      this.timer ??= this.options.clock.after(SWEEP_MS, this.sweep);
    }
    const sent = account.sent.take(cost);
    if (account.allowance.tokens >= cost - ROUNDING) {
      account.allowance.take(cost);
      return 'taken';
    }
    return sent >= -this.options.burst - ROUNDING ? 'refused' : 'abuse';
  }

  /** Undoes the counting of a rejected message, so that it does not delay later ones. */
  forgive(connection: Connection, cost: number): void {
    this.accounts.get(connection)?.sent.take(-cost);
  }

  /**
   * Time until the message that was just rejected would be accepted, ms. It is after the times of
   * all messages that were rejected before it.
   */
  retryAfterMs(connection: Connection): number {
    return Math.max(0, this.accounts.get(connection)?.sent.msUntil(0) ?? 0);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private readonly sweep = (): void => {
    for (const [connection, { sent }] of this.accounts) {
      // `allowance` never has fewer tokens than `sent`, so if `sent` is full, both are.
      if (sent.full || connection.readyState === 'closed') this.accounts.delete(connection);
    }
    this.timer = this.accounts.size > 0 ? this.options.clock.after(SWEEP_MS, this.sweep) : undefined;
  };
}
