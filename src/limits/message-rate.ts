import type { Clock, Timer } from '../common/clock.js';
import { TokenBucket } from '../common/token-bucket.js';

/** engine.io's connection of a client, as far as it is used here. */
export interface CountedConnection {
  readonly readyState: string;
}

export interface MessageRateOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly perSecond: number;
  readonly burst: number;
}

/** `refused`: the message is more than there may be; `abuse`: so was another whole burst before it. */
export type MessageVerdict = 'taken' | 'refused' | 'abuse';

/** Tokens: less than a sum of fractions may be wrong by. Who waited as long as told must not be refused for it. */
const ROUNDING = 1e-6;

/** What each entry but the first costs, as a share of the burst: after eight in a row there is nothing left to owe. */
const ENTRY_SHARE = 0.25;

/** Time between two looks for buckets that are full again, ms. */
const SWEEP_MS = 1_000;

/** What one connection may send, and what it has sent, taken or refused. */
interface Account {
  readonly allowance: TokenBucket;
  readonly sent: TokenBucket;
}

/**
 * How many messages each connection may send. A client that says nothing costs nothing: its buckets are made with a message,
 * and forgotten once they are full, which is when new ones would be no different. The pong of a client that only listens
 * has them for a second.
 */
export class MessageRate<Connection extends CountedConnection> {
  private readonly accounts = new Map<Connection, Account>();
  private timer: Timer | undefined;

  constructor(private readonly options: MessageRateOptions) {}

  /** Connections that have an account now. */
  get size(): number {
    return this.accounts.size;
  }

  /**
   * Counts one message. One that is refused is counted too, but takes nothing of what those after it may: each has a time of its
   * own to come again, and whoever keeps to it is taken.
   * @param isEntry whether it asks to be let into a namespace, for which a client is made and its token checked, and which is
   *   answered in any case: once is enough for most, and the answers must not pile up for one that does not read
   */
  take(connection: Connection, isEntry = false): MessageVerdict {
    const cost = isEntry && this.accounts.has(connection) ? this.options.burst * ENTRY_SHARE : 1;
    return this.spend(connection, cost);
  }

  /** As {@link take}, of something that costs `cost` tokens, `burst` at most. */
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

  /** Takes back what a refused message was counted as: it puts off no other. */
  forgive(connection: Connection, cost: number): void {
    this.accounts.get(connection)?.sent.take(-cost);
  }

  /** When the message that was just refused would be taken, ms from now: behind all that were refused before it. */
  retryAfterMs(connection: Connection): number {
    return Math.max(0, this.accounts.get(connection)?.sent.msUntil(0) ?? 0);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private readonly sweep = (): void => {
    for (const [connection, { sent }] of this.accounts) {
      // What was sent is at least what was allowed: where that is forgotten, so may this be.
      if (sent.full || connection.readyState === 'closed') this.accounts.delete(connection);
    }
    this.timer = this.accounts.size > 0 ? this.options.clock.after(SWEEP_MS, this.sweep) : undefined;
  };
}
