import { Inject, Injectable } from '@nestjs/common';
import { pseudonym } from '../auth/pseudonym.js';
import { CLOCK, type Clock, delay } from '../common/clock.js';
import { messageOf } from '../common/message-of.js';
import { GatewayConfig } from '../config/gateway-config.js';
import type { UpdateRow } from '../history/history-entry.js';
import { formatId, type HistoryId, historyId } from '../history/history-id.js';
import { type HistoryPage, HistoryReader } from '../history/history-reader.js';
import { HISTORY_STORE, type HistoryStore } from '../history/history-store.js';
import { portfolioStream, userOfStream } from '../history/history-streams.js';
import { HistoryWriter } from '../history/history-writer.js';
import { HistoryMetrics } from '../history/history.metrics.js';
import type { PageRequest } from '../history/page.js';
import type { RecentUpdate } from '../history/recent-updates.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import type { NewestPortfolio } from './newest-portfolio.js';
import { type PortfolioEntry, portfolioEntryOf, portfolioEntryText } from './portfolio-entry.js';
import type { PortfolioMessage } from './portfolio-message.js';
import { PortfolioRuns } from './portfolio-runs.js';

/** How many portfolios a second of one user are kept on average. Beyond it, the oldest are removed. */
const PORTFOLIOS_PER_SECOND = 2;
/** The longest time that the shutdown waits for what other replicas write, ms. */
const MAX_LAST_WAIT_MS = 1_000;

/**
 * The numbers of past portfolios. Every replica with a client of a user writes what it receives, so a
 * stream may have several writers. If `PORTFOLIO_HISTORY_SECONDS` is 0, nothing is kept.
 */
@Injectable()
export class PortfolioHistory {
  readonly enabled: boolean;
  private readonly runs: PortfolioRuns;
  private readonly writer: HistoryWriter;
  private readonly reader: HistoryReader;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(HISTORY_STORE) store: HistoryStore,
    private readonly metrics: HistoryMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly faults: RateLimitedLog,
  ) {
    const keepMs = config.portfolioHistorySeconds * 1_000;
    this.enabled = keepMs > 0;
    this.runs = new PortfolioRuns(clock, config.cacheWriteIntervalMs);
    this.reader = new HistoryReader(store, this.runs, (stream, id) => this.unreadable(stream, id));
    this.writer = new HistoryWriter(store, this.runs, {
      clock,
      intervalMs: config.cacheWriteIntervalMs,
      bounds: {
        keepMs,
        maxEntries: config.portfolioHistorySeconds * PORTFOLIOS_PER_SECOND,
        idleMs: keepMs,
      },
      mayWrite: () => true,
      claim: () => undefined,
      onWritten: () => Promise.resolve(),
      yields: (stream) => this.runs.waitsForOthers(stream),
      onAppend: ({ behind, appended, gap }, { stream, entries }) => {
        metrics.historyWrites.inc({ kind: 'portfolio' }, appended);
        if (behind) return;
        this.runs.appended(stream);
        metrics.historySkipped.inc(entries.length - appended);
        if (gap) metrics.historyGaps.inc();
      },
      onError: (error, stream) => {
        this.failed('write', error, stream);
        if (stream !== undefined) this.runs.refused(stream);
      },
    });
  }

  /**
   * Remembers a portfolio that was published, and writes it soon. Call it for each one, also for one
   * that is not sent because the store had a newer one.
   */
  record(user: string, message: PortfolioMessage, verdict: ReturnType<NewestPortfolio['offerLive']>): void {
    if (!this.enabled) return;
    const isNext = this.runs.add(portfolioStream(user), this.updateOf(user, message), verdict === 'newest');
    if (isNext) this.writer.schedule();
  }

  /** Like {@link record}, for what was the newest portfolio after the subscription worked. */
  recordFound(user: string, message: PortfolioMessage): void {
    if (!this.enabled) return;
    if (this.runs.addFound(portfolioStream(user), this.updateOf(user, message))) this.writer.schedule();
  }

  /** Call it when this replica hears no more portfolios of a user. What it has is still written. */
  end(user: string): void {
    if (this.enabled) this.runs.end(portfolioStream(user));
  }

  /** Writes what waits. Never rejects. */
  async stop(): Promise<void> {
    if (this.runs.waits)
      await delay(this.clock, Math.min(this.config.cacheWriteIntervalMs, MAX_LAST_WAIT_MS));
    this.runs.finish();
    await this.writer.stop();
  }

  /**
   * A page of the portfolios of a user.
   * @throws Error if the store cannot be read
   */
  async page(
    user: string,
    request: PageRequest,
    signal: AbortSignal,
  ): Promise<HistoryPage<UpdateRow<PortfolioEntry>>> {
    const stream = portfolioStream(user);
    try {
      return await this.reader.updates(stream, request, signal, (entry) => portfolioEntryOf(entry, user));
    } catch (error) {
      this.failed('read', error, stream);
      throw error;
    }
  }

  private updateOf(user: string, { time, processedTime, payload }: PortfolioMessage): RecentUpdate {
    return {
      ...historyId(time, processedTime),
      value: portfolioEntryText(user, payload.toJSON()),
      receivedAt: this.clock.wallNow(),
    };
  }

  /** Another program has added the entry, or has put the portfolio of another user there. */
  private unreadable(stream: string, id: HistoryId): void {
    this.metrics.historyUnreadable.inc();
    this.faults.warn('portfolio-history:unreadable', 'history_entry_unreadable', {
      stream: this.publicName(stream),
      id: formatId(id),
    });
  }

  private failed(operation: 'read' | 'write', error: unknown, stream?: string): void {
    this.metrics.historyErrors.inc({ operation });
    const problem = messageOf(error);
    this.faults.warn(`portfolio-history:${operation}`, 'history_failed', {
      operation,
      ...(stream !== undefined && { stream: this.publicName(stream) }),
      // Redis may name the key.
      problem: stream === undefined ? problem : problem.replaceAll(stream, this.publicName(stream)),
    });
  }

  /** The name of a stream with the pseudonym of its user. */
  private publicName(stream: string): string {
    return portfolioStream(pseudonym(this.config.secretKey, userOfStream(stream)));
  }
}
