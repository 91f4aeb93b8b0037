import type { Clock } from '../common/clock.js';
import { JsonPayload, PORTFOLIO_ROOM, type PortfolioStatus } from '../contract/index.js';
import { Sweeper } from '../freshness/sweeper.js';
import type { WatchedUser } from './watched-user.js';

interface PortfolioStalenessOptions {
  readonly clock: Pick<Clock, 'now' | 'wallNow' | 'after'>;
  /** The age from which a portfolio is stale while a market is open, ms. */
  readonly staleAfterMs: number;
  readonly markets: { readonly isAnyOpen: boolean };
  readonly users: () => Iterable<WatchedUser>;
  /** The portfolio of a user has become stale, or is live again. */
  readonly changed: (watched: WatchedUser, status: JsonPayload<PortfolioStatus>) => void;
}

/** Sweeps in the time after which a portfolio is stale. */
const SWEEPS = 10;
const MAX_SWEEP_INTERVAL_MS = 1_000;

/** Finds the users whose portfolios have stopped during the hours of a market. */
export class PortfolioStaleness {
  private readonly sweeper: Sweeper;
  /** When a market was last found open after none was, ms since the epoch. */
  private openedAt = 0;
  private wasOpen = true;

  constructor(private readonly options: PortfolioStalenessOptions) {
    const { clock, staleAfterMs } = options;
    this.sweeper = new Sweeper({
      clock,
      intervalMs: Math.min(staleAfterMs / SWEEPS, MAX_SWEEP_INTERVAL_MS),
      backlogMs: MAX_SWEEP_INTERVAL_MS,
      heldUpMs: staleAfterMs / 2,
      sweep: () => this.sweep(),
    });
  }

  /** Call it when there is a first user. */
  start(): void {
    this.wasOpen = this.options.markets.isAnyOpen;
    this.sweeper.start();
  }

  stop(): void {
    this.sweeper.stop();
  }

  /** Looks whether the portfolio of a user has become stale, or is live again. */
  look(watched: WatchedUser): void {
    const { clock, staleAfterMs, markets, changed } = this.options;
    const { arrivedAt, since, isRead } = watched;
    const isOlderThan = (time: number): boolean => clock.wallNow() - time > staleAfterMs;
    const isStale =
      arrivedAt === undefined
        ? isRead || isOlderThan(since)
        : isOlderThan(Math.max(arrivedAt, this.openedAt)) && markets.isAnyOpen;
    if (isStale === watched.isStale) return;
    watched.isStale = isStale;
    changed(watched, this.statusOf(watched));
  }

  statusOf({ isStale, arrivedAt }: WatchedUser): JsonPayload<PortfolioStatus> {
    const age = (time: number): number => Math.max(0, Math.round(this.options.clock.wallNow() - time));
    const status: PortfolioStatus = {
      status: isStale ? 'stale' : 'live',
      last_update: arrivedAt === undefined ? null : new Date(arrivedAt).toISOString(),
      age_ms: arrivedAt === undefined ? null : age(arrivedAt),
    };
    return new JsonPayload(JSON.stringify(status), PORTFOLIO_ROOM);
  }

  private sweep(): boolean {
    const { clock, markets, users } = this.options;
    const isOpen = markets.isAnyOpen;
    if (isOpen && !this.wasOpen) this.openedAt = clock.wallNow();
    this.wasOpen = isOpen;
    for (const watched of users()) this.look(watched);
    return false;
  }
}
