import { Controller, Get, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { MarketHistory } from '../contract/index.js';
import { RequestCost } from '../gateway/request-cost.js';
import { HistoryError } from '../history/history-error.js';
import { HistoryPages } from '../history/history-pages.js';
import { Caller, RequestCaller } from './caller.js';
import { historyRepresentation } from './history-representation.js';
import { linkToNext } from './link-to-next.js';
import { onceSent } from './once-sent.js';
import { RequestedHistory } from './requested-history.js';
import { notKnown, ofHistory } from './rest-error.js';
import { RestExceptionFilter } from './rest-exception.filter.js';
import { RestGuard } from './rest.guard.js';
import { RestResponder } from './rest-responder.js';
import type { HistoryParameters } from './rest.dto.js';
import { HistoryPipe } from './rest.pipes.js';

/** Pages of past prices, bars, summaries and openings of chains: what `get_history` sends. */
@Controller('v1/history')
@UseGuards(RestGuard)
@UseFilters(RestExceptionFilter)
export class HistoryController {
  constructor(
    private readonly pages: HistoryPages,
    private readonly cost: RequestCost,
    private readonly responder: RestResponder,
  ) {}

  @Get('prices/:symbol')
  async prices(
    @RequestCaller() caller: Caller,
    @RequestedHistory('product', HistoryPipe) asked: HistoryParameters,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.send(caller, asked, request, response);
  }

  @Get('chains/:symbol/:expiry')
  async summaries(
    @RequestCaller() caller: Caller,
    @RequestedHistory('summary', HistoryPipe) asked: HistoryParameters,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.send(caller, asked, request, response);
  }

  @Get('openings/:symbol/:expiry')
  async opening(
    @RequestCaller() caller: Caller,
    @RequestedHistory('opening', HistoryPipe) asked: HistoryParameters,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.send(caller, asked, request, response);
  }

  private async send(
    caller: Caller,
    asked: HistoryParameters,
    request: Request,
    response: Response,
  ): Promise<void> {
    const leaving = new AbortController();
    onceSent(response, request.socket, () => leaving.abort());
    const page = await this.read(caller, asked, leaving.signal);
    if (!page) return;
    if (page.next !== null) response.setHeader('Link', linkToNext(request, asked, page.next));
    await this.responder.send(caller, request, response, asked.format, historyRepresentation(page));
  }

  /**
   * Returns undefined if the client has gone.
   * @throws RestError
   */
  private async read(
    caller: Caller,
    { request }: HistoryParameters,
    left: AbortSignal,
  ): Promise<MarketHistory | undefined> {
    try {
      const query = this.pages.queryOf(request);
      caller.require([query.address]);
      caller.spend(this.cost.ofHistory(query.entries));
      const page = await this.pages.read(query, left);
      caller.checkRevoked();
      if (page?.known === false) throw notKnown([query.address]);
      return page;
    } catch (error) {
      throw error instanceof HistoryError ? ofHistory(error) : error;
    }
  }
}
