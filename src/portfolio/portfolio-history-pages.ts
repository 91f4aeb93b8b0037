import { Injectable } from '@nestjs/common';
import { keyedHash } from '../common/keyed-hash.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  DEFAULT_HISTORY_ROWS,
  type History,
  type HistoryRequest,
  parseTimestamp,
} from '../contract/index.js';
import { boundCursor, cursorOfRequest, cursorTag } from '../history/bound-cursor.js';
import { portfolioHistoryIsOff } from '../history/history-error.js';
import { firstIdAt, lastIdAt } from '../history/history-id.js';
import { updatesOf } from '../history/history-pages.js';
import { HistoryReads } from '../history/history-reads.js';
import type { PageRequest } from '../history/page.js';
import { portfolioTable } from './portfolio-entry.js';
import { PortfolioHistory } from './portfolio-history.js';

/** A request of a user for a page of its own portfolios. */
export interface PortfolioHistoryQuery {
  readonly user: string;
  readonly range: PageRequest;
  /** The tag of its cursors, which no other user's cursors have. */
  readonly tag: string;
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
  queryOf({ from, to, limit, cursor }: HistoryRequest, user: string): PortfolioHistoryQuery {
    const [first, last] = [this.timeOf(from), this.timeOf(to)];
    const owner = keyedHash(this.config.secretKey, `history-cursor:${user}`);
    const tag = cursorTag(['portfolio', owner, first, last]);
    return {
      user,
      range: {
        from: first === undefined ? undefined : firstIdAt(first),
        to: last === undefined ? undefined : lastIdAt(last),
        cursor: cursorOfRequest(tag, cursor),
        limit: limit ?? DEFAULT_HISTORY_ROWS,
      },
      tag,
    };
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

  private timeOf(timestamp: string | undefined): number | undefined {
    return parseTimestamp(timestamp, this.config.feedRules.offsetOf);
  }
}
