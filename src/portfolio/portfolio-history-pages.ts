import { Injectable } from '@nestjs/common';
import { keyedHash } from '../common/keyed-hash.js';
import { GatewayConfig } from '../config/gateway-config.js';
import type { History, HistoryRequest } from '../contract/index.js';
import { boundCursor } from '../history/bound-cursor.js';
import { portfolioHistoryIsOff } from '../history/history-error.js';
import { updatesOf } from '../history/history-pages.js';
import { HistoryReads } from '../history/history-reads.js';
import { type PageQuery, pageQueryOf } from '../history/page-query.js';
import { portfolioTable } from './portfolio-entry.js';
import { PortfolioHistory } from './portfolio-history.js';

/** A request of a user for a page of its own portfolios. No other user's cursors have its tag. */
export interface PortfolioHistoryQuery extends PageQuery {
  readonly user: string;
}

/** Reads pages of the history of portfolios, and puts them into rows. */
@Injectable()
export class PortfolioHistoryPages {
  constructor(
    private readonly config: GatewayConfig,
    private readonly history: PortfolioHistory,
    private readonly reads: HistoryReads,
  ) {}

  /**
   * Works out what a request asks for. It reads nothing.
   * @param user the user of the client's token
   * @throws HistoryError if the cursor is of another request, or of another user
   */
  queryOf(request: HistoryRequest, user: string): PortfolioHistoryQuery {
    const owner = keyedHash(this.config.secretKey, `history-cursor:${user}`);
    return { user, ...pageQueryOf(request, ['portfolio', owner], this.config.feedRules.offsetOf) };
  }

  /**
   * Reads a page.
   * @param left aborted when the client has gone
   * @returns undefined if it has
   * @throws HistoryError if the gateway keeps no history of portfolios, or cannot read it
   */
  async read(query: PortfolioHistoryQuery, left: AbortSignal): Promise<History | undefined> {
    if (!this.history.enabled) throw portfolioHistoryIsOff();
    return this.reads.run((signal) => this.pageOf(query, signal), left);
  }

  private async pageOf({ user, range, tag }: PortfolioHistoryQuery, signal: AbortSignal): Promise<History> {
    const page = await this.history.page(user, range, signal);
    const { columns, rows } = portfolioTable(page.rows.map(({ row }) => row));
    const { next, ...updates } = updatesOf({
      rows: rows.map((row, index) => ({ row, gap: page.rows[index]!.gap })),
      next: page.next,
    });
    return {
      type: 'portfolio',
      symbol: null,
      expiry: null,
      resolution: 'raw',
      columns,
      ...updates,
      next: next === null ? null : boundCursor(next, tag),
    };
  }
}
