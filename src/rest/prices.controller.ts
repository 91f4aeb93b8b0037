import { Controller, Get, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { SnapshotAddress } from '../contract/index.js';
import type { MarketMessage } from '../feed/market-message.js';
import { RequestCost } from '../gateway/request-cost.js';
import { Caller, RequestCaller } from './caller.js';
import { LatestUpdates } from './latest-updates.js';
import { pricesRepresentation } from './price-representation.js';
import { RestExceptionFilter } from './rest-exception.filter.js';
import { notKnown } from './rest-error.js';
import { RestGuard } from './rest.guard.js';
import { RestResponder } from './rest-responder.js';
import type { PricesQuery } from './rest.dto.js';
import { PricesPipe } from './rest.pipes.js';
import { Statuses } from './statuses.js';

/** The newest prices of the products that the query names. */
@Controller('v1/prices')
@UseGuards(RestGuard)
@UseFilters(RestExceptionFilter)
export class PricesController {
  constructor(
    private readonly updates: LatestUpdates,
    private readonly statuses: Statuses,
    private readonly cost: RequestCost,
    private readonly responder: RestResponder,
  ) {}

  @Get()
  async list(
    @RequestCaller() caller: Caller,
    @Query(PricesPipe) { symbols, format }: PricesQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const addresses = symbols.map((symbol): SnapshotAddress => ({ type: 'product', symbol }));
    caller.require(addresses);
    caller.spend(this.cost.ofSnapshots(addresses));
    const found = await this.updates.find(addresses, () => !response.destroyed);
    caller.checkRevoked();
    const asked = symbols.map((symbol, index) => {
      const message = found[index]?.messages.find(isPrice);
      return { message, status: this.statuses.ofPrice(symbol, message) };
    });
    if (asked.every(({ message }) => !message)) throw notKnown(addresses);
    await this.responder.send(caller, request, response, format, pricesRepresentation(asked));
  }
}

function isPrice(message: MarketMessage) {
  return message.kind === 'underlying';
}
