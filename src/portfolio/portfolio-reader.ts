import type { LatestStore } from '../cache/latest-store.js';
import { backoffMs } from '../common/backoff.js';
import { type Clock, delay } from '../common/clock.js';
import { portfolioKey } from './portfolio-message.js';
import type { WatchedUser } from './watched-user.js';

/** How many users one command reads from the store. */
const BATCH = 500;
const FIRST_RETRY_MS = 200;

export interface PortfolioReaderOptions {
  readonly clock: Pick<Clock, 'after' | 'now'>;
  readonly store: Pick<LatestStore, 'read'>;
  /** Ends the pauses between two attempts. Then no user is wanted any more. */
  readonly signal: AbortSignal;
  /** Whether the portfolio of a user is still to be read. */
  readonly isWanted: (user: WatchedUser) => boolean;
  /**
   * Called with what the store has of a user; `null` if it has nothing.
   * @param askedAt when the store was asked, ms of the clock
   */
  readonly answered: (user: WatchedUser, value: string | null, askedAt: number) => void;
  /** Called when the store, or a part of it, cannot be read. */
  readonly failed: (error: unknown) => void;
}

/** Reads the newest portfolios of users from the store. */
export class PortfolioReader {
  constructor(private readonly options: PortfolioReaderOptions) {}

  /** Reads until the store has answered about each of the users. Never rejects. */
  async read(users: readonly WatchedUser[]): Promise<void> {
    for (const user of users) user.isReading = true;
    let due = users;
    for (let attempt = 1; ; attempt++) {
      due = await this.readOnce(due);
      if (due.length === 0) return;
      await delay(this.options.clock, backoffMs(attempt, FIRST_RETRY_MS), this.options.signal);
    }
  }

  /** The values in the store; an error for each that cannot be read. Never rejects. */
  async valuesOf(users: readonly string[]): Promise<readonly (string | null | Error)[]> {
    try {
      const values = await this.options.store.read(users.map(portfolioKey));
      const error = values.find((value) => value instanceof Error);
      if (error) this.options.failed(error);
      return values;
    } catch (error) {
      this.options.failed(error);
      return users.map(() => new Error('not read'));
    }
  }

  /** @returns the users whose portfolios could not be read, and are still wanted */
  private async readOnce(users: readonly WatchedUser[]): Promise<readonly WatchedUser[]> {
    const failed: WatchedUser[] = [];
    for (let from = 0; from < users.length; from += BATCH) {
      const batch = users.slice(from, from + BATCH);
      const askedAt = this.options.clock.now();
      const values = await this.valuesOf(batch.map(({ id }) => id));
      for (const [index, user] of batch.entries()) {
        const value = values[index] ?? null;
        if (value instanceof Error && this.options.isWanted(user)) {
          failed.push(user);
          continue;
        }
        user.isReading = false;
        if (!(value instanceof Error)) this.options.answered(user, value, askedAt);
      }
    }
    return failed;
  }
}
