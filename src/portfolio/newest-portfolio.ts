import type { JsonPayload, PortfolioUpdate } from '../contract/index.js';
import { continuedRun, isOwnStream, type OlderRun } from '../feed/older-run.js';
import type { PortfolioMessage } from './portfolio-message.js';

/** Decides which portfolio of one user is the newest, and keeps it. */
export class NewestPortfolio {
  /** Undefined if none is known, or after {@link forget}. */
  payload: JsonPayload<PortfolioUpdate> | undefined;
  private time = -Infinity;
  /** The older portfolios that arrived since, as long as each was newer than the one before. */
  private older: OlderRun | undefined;

  /**
   * @param clockResetAfterMs how long a stream of older portfolios must last before its time is
   * accepted as the new one, ms of their own `processed_at`
   */
  constructor(private readonly clockResetAfterMs: number) {}

  /** The time of the newest portfolio, µs since the epoch. */
  get newestTime(): number {
    return this.time;
  }

  /** Takes no portfolio from the store that is older than this time, µs since the epoch. */
  notBefore(time: number): void {
    this.time = Math.max(this.time, time);
  }

  /**
   * Takes a portfolio that was published, if it must be sent: it is newer than the last one, or the
   * producer's clock was set back.
   */
  offerLive(message: PortfolioMessage): 'newest' | 'repeated' | 'older' {
    if (message.time < this.time && !this.isSetBack(message)) return 'older';
    // After `forget`, the one with the same time is taken for the same portfolio.
    if (message.time === this.time && message.payload.text === (this.payload?.text ?? message.payload.text))
      return 'repeated';
    this.take(message);
    return 'newest';
  }

  /**
   * Takes a portfolio that was read from the store, if it is newer than the last one.
   * @returns `restored` if it is the last one, which was forgotten
   */
  offerStored(message: PortfolioMessage): 'newest' | 'restored' | 'older' {
    if (message.time < this.time || (message.time === this.time && this.payload)) return 'older';
    const verdict = message.time > this.time ? 'newest' : 'restored';
    this.take(message);
    return verdict;
  }

  /** Frees the memory of the portfolio. The store still has it, and no older one is taken. */
  forget(): void {
    this.payload = undefined;
  }

  private take({ time, payload }: PortfolioMessage): void {
    this.time = time;
    this.payload = payload;
    this.older = undefined;
  }

  private isSetBack({ time, processedTime }: PortfolioMessage): boolean {
    this.older = continuedRun(this.older, time, processedTime);
    return isOwnStream(this.older, processedTime, this.clockResetAfterMs * 1_000);
  }
}
