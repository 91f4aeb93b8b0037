import { Inject, Injectable } from '@nestjs/common';
import { CacheService } from '../cache/cache.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { ConcurrencyLimit } from '../common/concurrency-limit.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  DEFAULT_HISTORY_ROWS,
  type History,
  type HistoryResolution,
  type HistoryRow,
  parseTimestamp,
  type SnapshotAddress,
} from '../contract/index.js';
import { MINUTE_MS } from '../history/bars.js';
import { SUMMARY_COLUMNS, type UpdateRow } from '../history/history-entry.js';
import { type HistoryPage, MAX_MINUTES } from '../history/history-reader.js';
import { firstIdAt, lastIdAt } from '../history/history-id.js';
import { HistoryMetrics } from '../history/history.metrics.js';
import { HistoryService } from '../history/history.service.js';
import type { PageRequest } from '../history/page.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import type { HistoryDto } from './history.dto.js';
import { historyUnavailable } from './request-error.js';

/** Requests that are served at a time. One may hold a page of 5,000 rows in memory. */
const MAX_READING = 8;
/** Requests that wait in addition. */
const MAX_WAITING = 500;
/** Time limit of a request, ms. */
const ANSWER_WITHIN_MS = 5_000;

const PERIODS_MS: Readonly<Record<HistoryResolution, number>> = {
  raw: 0,
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
};
const PRICE_COLUMNS = ['timestamp', 'price'] as const;
const BAR_COLUMNS = ['timestamp', 'open', 'high', 'low', 'close', 'count'] as const;

/** Handles `get_history`: reads one page and puts it into rows. */
@Injectable()
export class HistoryRequestService {
  private readonly reading = new ConcurrencyLimit(MAX_READING, MAX_WAITING);

  constructor(
    private readonly config: GatewayConfig,
    private readonly history: HistoryService,
    private readonly cache: CacheService,
    private readonly metrics: HistoryMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The room whose updates a request asks for. */
  addressOf({ type, symbol, expiry }: HistoryDto): SnapshotAddress {
    if (type === 'product') return { type, symbol };
    const nearest = expiry ?? this.nearestExpiry(symbol);
    return nearest === undefined ? { type: 'chain', symbol } : { type: 'chain', symbol, expiry: nearest };
  }

  /** The most entries that are read for a request. */
  entriesOf({ limit = DEFAULT_HISTORY_ROWS, resolution = 'raw' }: HistoryDto): number {
    return Math.min(limit * Math.max(1, PERIODS_MS[resolution] / MINUTE_MS), MAX_MINUTES);
  }

  /**
   * Reads the page of a request.
   * @param address the room of the request
   * @returns undefined if the client has disconnected
   * @throws RequestError if the gateway keeps no history, or cannot read it
   */
  async answer(
    client: GatewaySocket,
    request: HistoryDto,
    address: SnapshotAddress,
  ): Promise<History | undefined> {
    if (!this.history.enabled) throw historyUnavailable(true);
    const stopping = new AbortController();
    const timer = this.clock.after(ANSWER_WITHIN_MS, () => stopping.abort());
    const left = (): void => stopping.abort();
    client.once('disconnect', left);
    try {
      const page = await this.reading.run(() => this.read(request, address, stopping.signal));
      if (!client.connected) return undefined;
      if (!page || stopping.signal.aborted) throw historyUnavailable(false);
      this.metrics.historyRequests.inc({ resolution: page.resolution });
      this.metrics.historyRows.inc((page.updates ?? page.bars ?? []).length);
      return page;
    } finally {
      timer.cancel();
      client.off('disconnect', left);
    }
  }

  private async read(
    request: HistoryDto,
    address: SnapshotAddress,
    signal: AbortSignal,
  ): Promise<History | undefined> {
    if (signal.aborted) return undefined;
    const { type, symbol, resolution = 'raw' } = request;
    const range = this.rangeOf(request);
    const expiry = address.type === 'chain' ? (address.expiry ?? null) : null;
    const head = { type, symbol, expiry, resolution };
    try {
      if (resolution !== 'raw') {
        const { rows, next } = await this.history.barsOf(symbol, PERIODS_MS[resolution], range, signal);
        const bars = rows.map(({ start, open, high, low, close, count }): HistoryRow => {
          return [new Date(start).toISOString(), open, high, low, close, count];
        });
        return { ...head, columns: BAR_COLUMNS, bars, next };
      }
      if (type === 'product') {
        const page = await this.history.prices(symbol, range, signal);
        return { ...head, columns: PRICE_COLUMNS, ...updatesOf(page) };
      }
      const page: HistoryPage<UpdateRow> =
        expiry === null
          ? { rows: [], next: null }
          : await this.history.summaries(symbol, expiry, range, signal);
      return { ...head, columns: SUMMARY_COLUMNS, ...updatesOf(page) };
    } catch {
      throw historyUnavailable(false); // the history has logged the cause
    }
  }

  private rangeOf({ from, to, cursor, limit = DEFAULT_HISTORY_ROWS }: HistoryDto): PageRequest {
    const [first, last] = [this.timeOf(from), this.timeOf(to)];
    return {
      from: first === undefined ? undefined : firstIdAt(first),
      to: last === undefined ? undefined : lastIdAt(last),
      cursor,
      limit,
    };
  }

  private timeOf(timestamp: string | undefined): number | undefined {
    return parseTimestamp(timestamp, this.config.feedRules.offsetOf);
  }

  private nearestExpiry(symbol: string): string | undefined {
    const [chain] = this.cache.nearest({ type: 'chain', symbol }, 1).messages;
    return chain?.kind === 'chain' ? chain.expiry : undefined;
  }
}

function updatesOf({ rows, next }: HistoryPage<UpdateRow>): Pick<History, 'updates' | 'gaps' | 'next'> {
  const gaps = rows.flatMap(({ gap }, index) => (gap ? [index] : []));
  const updates = rows.map(({ row }) => row);
  return gaps.length > 0 ? { updates, gaps, next } : { updates, next };
}
