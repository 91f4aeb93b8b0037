import { Injectable } from '@nestjs/common';
import { CacheService } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  type History,
  type HistoryResolution,
  type HistoryRow,
  type MarketHistory,
  type MarketHistoryRequest,
  type SnapshotAddress,
} from '../contract/index.js';
import { MINUTE_MS } from './bars.js';
import { boundCursor } from './bound-cursor.js';
import { SUMMARY_COLUMNS, type UpdateRow } from './history-entry.js';
import { historyIsOff } from './history-error.js';
import { type HistoryPage, MAX_MINUTES } from './history-reader.js';
import { HistoryReads } from './history-reads.js';
import { HistoryService } from './history.service.js';
import { OPENING_COLUMNS } from './opening.js';
import { type PageQuery, pageQueryOf } from './page-query.js';

const PERIODS_MS: Readonly<Record<HistoryResolution, number>> = {
  raw: 0,
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
};
const PRICE_COLUMNS = ['timestamp', 'price'] as const;
const BAR_COLUMNS = ['timestamp', 'open', 'high', 'low', 'close', 'count'] as const;
/** What reading an opening counts as, in entries of pages. */
const OPENING_ENTRIES = 500;

/** A request for a page, with what it means on this gateway. */
export interface HistoryQuery extends PageQuery {
  /** The room whose updates the page has. Without an expiry, no chain of the product is known. */
  readonly address: SnapshotAddress;
  /** The fields with which the page begins. */
  readonly head: Pick<MarketHistory, 'type' | 'symbol' | 'expiry' | 'resolution'>;
  /** The most entries that are read for it. */
  readonly entries: number;
}

/** Reads pages of the history of products and chains for clients, and puts them into rows. */
@Injectable()
export class HistoryPages {
  constructor(
    private readonly config: GatewayConfig,
    private readonly history: HistoryService,
    private readonly cache: CacheService,
    private readonly reads: HistoryReads,
  ) {}

  /**
   * Works out what a request asks for. It reads nothing.
   * @throws HistoryError if the cursor is of another request
   */
  queryOf(request: MarketHistoryRequest): HistoryQuery {
    const { type, symbol } = request;
    const resolution = request.resolution ?? 'raw';
    const address = this.addressOf(request);
    const expiry = address.type === 'chain' ? (address.expiry ?? null) : null;
    const head = { type, symbol, expiry, resolution };
    const page = pageQueryOf(request, Object.values(head), this.config.feedRules.offsetOf);
    const minutes = Math.max(1, PERIODS_MS[resolution] / MINUTE_MS);
    const entries = type === 'opening' ? OPENING_ENTRIES : Math.min(page.range.limit * minutes, MAX_MINUTES);
    return { ...page, address, head, entries };
  }

  /**
   * Reads a page.
   * @param left aborted when the client has gone
   * @returns undefined if it has
   * @throws HistoryError if the gateway keeps no history, or cannot read it
   */
  async read(query: HistoryQuery, left: AbortSignal): Promise<MarketHistory | undefined> {
    if (!this.history.enabled) throw historyIsOff();
    return this.reads.run((signal) => this.pageOf(query, signal), left);
  }

  private async pageOf(query: HistoryQuery, signal: AbortSignal): Promise<MarketHistory> {
    const { next, ...rows } = await this.rowsOf(query, signal);
    const isKnown = (rows.updates ?? rows.bars ?? []).length > 0 || this.knows(query.address);
    return {
      ...query.head,
      ...rows,
      next: next === null ? null : boundCursor(next, query.tag),
      ...(!isKnown && { known: false }),
    };
  }

  private async rowsOf(
    { address, head: { type, symbol, expiry, resolution }, range }: HistoryQuery,
    signal: AbortSignal,
  ): Promise<Omit<History, keyof HistoryQuery['head']>> {
    if (resolution !== 'raw') {
      const { rows, next } = await this.history.barsOf(symbol, PERIODS_MS[resolution], range, signal);
      const bars = rows.map(({ start, open, high, low, close, count }): HistoryRow => {
        return [new Date(start).toISOString(), open, high, low, close, count];
      });
      return { columns: BAR_COLUMNS, bars, next };
    }
    if (type === 'product') {
      const page = await this.history.prices(symbol, range, signal);
      return { columns: PRICE_COLUMNS, ...updatesOf(page) };
    }
    if (type === 'opening') {
      const newestOf = (): number | undefined => this.newestMs(address);
      const updates = expiry === null ? [] : await this.history.opening(symbol, expiry, newestOf);
      return { columns: OPENING_COLUMNS, updates, next: null };
    }
    if (expiry === null) return { columns: SUMMARY_COLUMNS, updates: [], next: null };
    const page = await this.history.summaries(symbol, expiry, range, signal);
    return { columns: SUMMARY_COLUMNS, ...updatesOf(page) };
  }

  private addressOf({ type, symbol, expiry }: MarketHistoryRequest): SnapshotAddress {
    if (type === 'product') return { type, symbol };
    const nearest = expiry ?? this.nearestExpiry(symbol);
    return nearest === undefined ? { type: 'chain', symbol } : { type: 'chain', symbol, expiry: nearest };
  }

  private nearestExpiry(symbol: string): string | undefined {
    const [chain] = this.cache.nearest({ type: 'chain', symbol }, 1).messages;
    return chain?.kind === 'chain' ? chain.expiry : undefined;
  }

  /** The time of the newest message of a room in memory, ms since the epoch. */
  private newestMs(address: SnapshotAddress): number | undefined {
    const [newest] = this.cache.nearest(address, 1).messages;
    return newest && Math.floor(newest.time / 1_000);
  }

  private knows(address: SnapshotAddress): boolean {
    return address.type === 'product'
      ? this.cache.knows(address.symbol)
      : this.cache.nearest(address, 1).known > 0;
  }
}

/** The rows of a page of updates, and before which of them updates may be missing. */
export function updatesOf({
  rows,
  next,
}: HistoryPage<UpdateRow>): Pick<History, 'updates' | 'gaps' | 'next'> {
  const gaps = rows.flatMap(({ gap }, index) => (gap ? [index] : []));
  const updates = rows.map(({ row }) => row);
  return gaps.length > 0 ? { updates, gaps, next } : { updates, next };
}
