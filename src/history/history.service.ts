import { Inject, Injectable } from '@nestjs/common';
import { CacheService } from '../cache/cache.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { messageOf } from '../common/message-of.js';
import { GatewayConfig } from '../config/gateway-config.js';
import type { HistoryRow } from '../contract/index.js';
import type { Verdict } from '../cache/latest-messages.js';
import type { MarketMessage } from '../feed/market-message.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { BarWriter } from './bar-writer.js';
import type { Bar } from './bars.js';
import { historyEntryOf, priceRow, summaryRow, type UpdateRow } from './history-entry.js';
import { HistoryReader, type HistoryPage } from './history-reader.js';
import { FIRST_ID, formatId, type HistoryId, LAST_ID } from './history-id.js';
import { HISTORY_STORE, type HistoryEntry, type HistoryStore } from './history-store.js';
import { openingStream, productOfStream, productStream, summaryStream } from './history-streams.js';
import { HistoryWriter } from './history-writer.js';
import { HistoryMetrics } from './history.metrics.js';
import { openingRows } from './opening.js';
import { OpeningWriter } from './opening-writer.js';
import type { PageRequest } from './page.js';
import { RecentHistory } from './recent-history.js';
import { type FinishResume, Resumer } from './resumer.js';

/** How many updates a second of one stream are kept on average. Beyond it, the oldest are removed. */
const UPDATES_PER_SECOND = 20;
const DAY_MS = 86_400_000;
/** Entries of a stream of openings that are read. More than one are there only if another program adds some. */
const MAX_OPENINGS = 10;

/**
 * The past updates of products, the past summaries of chains, and the first chain of each session.
 * Recent ones are in memory; all replicas share the others in the store, which one replica writes.
 * If `HISTORY_SECONDS` is 0, nothing is kept.
 */
@Injectable()
export class HistoryService {
  readonly enabled: boolean;
  private readonly recent = new RecentHistory();
  private listening = false;
  /** Whether this replica has let another one become the writer since the feed is up. */
  private yielded = false;
  private readonly writer: HistoryWriter;
  private readonly openings: OpeningWriter;
  private readonly bars: BarWriter;
  private readonly reader: HistoryReader;
  private readonly resumer: Resumer;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(HISTORY_STORE) private readonly store: HistoryStore,
    cache: CacheService,
    private readonly metrics: HistoryMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly faults: RateLimitedLog,
  ) {
    this.enabled = config.historySeconds > 0;
    const onUnreadable = (stream: string, id: HistoryId): void => this.unreadable(stream, id);
    this.reader = new HistoryReader(store, this.recent, onUnreadable);
    this.resumer = new Resumer(store, this.recent, {
      clock,
      onError: (error) => this.failed('read', error),
      onUnreadable,
    });
    const onError = (error: Error, stream?: string): void => this.failed('write', error, stream);
    this.bars = new BarWriter(store, {
      bounds: {
        keepMs: config.historyBarDays * DAY_MS,
        maxEntries: (config.historyBarDays * DAY_MS) / 60_000,
        idleMs: config.historyBarDays * DAY_MS,
      },
      onWritten: (bars) => metrics.historyWrites.inc({ kind: 'bar' }, bars),
      onError,
    });
    const writing = {
      clock,
      intervalMs: config.cacheWriteIntervalMs,
      mayWrite: () => cache.isWriter,
      claim: () => cache.claimWriter(),
      onError,
    };
    this.openings = new OpeningWriter(store, {
      ...writing,
      sessionStartAt: (product, ms) => this.sessionStartAt(product, ms),
      onWritten: (openings) => metrics.historyWrites.inc({ kind: 'opening' }, openings),
    });
    this.writer = new HistoryWriter(store, this.recent, {
      ...writing,
      bounds: {
        keepMs: config.historySeconds * 1_000,
        maxEntries: config.historySeconds * UPDATES_PER_SECOND,
        idleMs: config.historySeconds * 1_000,
      },
      onWritten: (newest) => (config.historyBarDays > 0 ? this.writeBars(newest) : Promise.resolve()),
      yields: (_, last) => {
        // If no replica has written the stream, this one may as well begin.
        if (this.yielded || !last) return false;
        this.yielded = true;
        cache.yieldWriter();
        return true;
      },
      onAppend: ({ behind, appended, gap }, { entries }) => {
        metrics.historyWrites.inc({ kind: 'update' }, appended);
        if (!behind) metrics.historySkipped.inc(entries.length - appended);
        if (gap) metrics.historyGaps.inc();
      },
    });
  }

  /**
   * Remembers a live update, and lets the writer write it. Call it for every live update, in the
   * turn in which it is broadcast.
   * @param verdict what the cache has decided. The cache may have read a newer update from the
   *   store, but the history needs this one too
   * @returns whether the update is the next one of its stream
   */
  record(message: MarketMessage, verdict: Verdict): boolean {
    if (!this.enabled || !this.listening) return false;
    const { stream, update } = historyEntryOf(message, this.clock.wallNow());
    const isNext = this.recent.add(stream, update, verdict);
    if (isNext) this.writer.schedule();
    if (message.kind === 'chain' && (verdict === 'newest' || verdict === 'rebased'))
      this.openings.record(message, verdict);
    return isNext;
  }

  /**
   * Call it when the feed is up. Updates that arrive before it are not remembered: the subscription
   * may have been lost again between them.
   */
  listen(): void {
    this.listening = true;
    this.yielded = false;
  }

  /** Call it when the feed is lost: the next update may follow a gap. */
  interrupt(): void {
    this.listening = false;
    this.recent.interrupt();
    this.openings.interrupt();
  }

  /** Writes what waits, if this replica is the writer. Never rejects. */
  async stop(): Promise<void> {
    await Promise.all([this.writer.stop(), this.openings.stop()]);
  }

  /**
   * Finds the updates of a product that a client missed: see {@link Resumer.resume}.
   * @param since the `timestamp` of the newest update that the client has, µs since the epoch
   */
  resume(
    product: string,
    since: number,
    finish: FinishResume,
    wanted: () => boolean,
  ): Promise<void> | undefined {
    if (this.enabled) return this.resumer.resume(product, since, finish, wanted);
    finish(undefined, 'memory');
    return undefined;
  }

  /**
   * When this replica received the newest update of a product, ms since the epoch; undefined if it
   * has received none.
   */
  lastReceivedAt(product: string): number | undefined {
    return this.recent.of(productStream(product))?.newest?.receivedAt;
  }

  /** @throws Error if the store cannot be read */
  prices(product: string, request: PageRequest, signal: AbortSignal): Promise<HistoryPage<UpdateRow>> {
    const rowOf = (entry: HistoryEntry) => priceRow(entry, product);
    return this.reading(() => this.reader.updates(productStream(product), request, signal, rowOf));
  }

  /**
   * A page of summaries, with the columns `SUMMARY_COLUMNS`.
   * @throws Error if the store cannot be read
   */
  summaries(
    product: string,
    expiry: string,
    request: PageRequest,
    signal: AbortSignal,
  ): Promise<HistoryPage<UpdateRow>> {
    const stream = summaryStream(product, expiry);
    return this.reading(() => this.reader.updates(stream, request, signal, summaryRow));
  }

  /**
   * The first chain of the session of the newest chain, with the columns `OPENING_COLUMNS`; empty if
   * none was kept.
   * @param newestOf returns the time of the newest chain in memory, ms since the epoch; undefined if
   *   there is none
   * @throws Error if the store cannot be read
   */
  opening(
    product: string,
    expiry: string,
    newestOf: () => number | undefined,
  ): Promise<readonly HistoryRow[]> {
    const stream = openingStream(product, expiry);
    return this.reading(async () => {
      const entries = await this.store.read(stream, { from: FIRST_ID, to: LAST_ID, limit: MAX_OPENINGS });
      const newestMs = newestOf() ?? this.openings.newestMs(product, expiry) ?? this.clock.wallNow();
      const session = this.sessionStartAt(product, newestMs);
      for (const entry of entries) {
        const rows = openingRows(entry);
        if (!rows) this.unreadable(stream, entry);
        else if (this.sessionStartAt(product, entry.ms) === session) return rows;
      }
      this.openings.miss(product, expiry);
      return [];
    });
  }

  /** @throws Error if the store cannot be read */
  barsOf(
    product: string,
    periodMs: number,
    request: PageRequest,
    signal: AbortSignal,
  ): Promise<HistoryPage<Bar>> {
    return this.reading(() => this.reader.bars(product, periodMs, request, signal));
  }

  private sessionStartAt(product: string, ms: number): number {
    return this.config.marketHours.scheduleOf(product).sessionStartAt(ms);
  }

  private writeBars(newest: ReadonlyMap<string, HistoryId>): Promise<void> {
    const products = new Map<string, HistoryId>();
    for (const [stream, id] of newest) {
      const product = productOfStream(stream);
      if (product !== undefined) products.set(product, id);
    }
    return this.bars.write(products);
  }

  private async reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      this.failed('read', error);
      throw error;
    }
  }

  /** Another program writes to the stream. */
  private unreadable(stream: string, id: HistoryId): void {
    this.metrics.historyUnreadable.inc();
    this.faults.warn('history:unreadable', 'history_entry_unreadable', { stream, id: formatId(id) });
  }

  private failed(operation: 'read' | 'write', error: unknown, stream?: string): void {
    this.metrics.historyErrors.inc({ operation });
    this.faults.warn(`history:${operation}`, 'history_failed', {
      operation,
      ...(stream !== undefined && { stream }),
      problem: messageOf(error),
    });
  }
}
