import { Controller, Get, Param, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CacheService } from '../cache/cache.service.js';
import type { SnapshotAddress } from '../contract/index.js';
import type { MarketMessage } from '../feed/market-message.js';
import { RequestCost } from '../gateway/request-cost.js';
import { Caller, RequestCaller } from './caller.js';
import { chainRepresentation, chainsRepresentation, type ChainWithStatus } from './chain-representation.js';
import { LatestUpdates } from './latest-updates.js';
import { expiriesRepresentation } from './name-representations.js';
import { RestExceptionFilter } from './rest-exception.filter.js';
import { notKnown } from './rest-error.js';
import { RestGuard } from './rest.guard.js';
import { RestResponder } from './rest-responder.js';
import type { ChainPath, FormatQuery, ProductPath } from './rest.dto.js';
import { ChainPipe, FormatPipe, ProductPipe } from './rest.pipes.js';
import { Statuses } from './statuses.js';

/** The newest option chains of a product. */
@Controller('v1/chains')
@UseGuards(RestGuard)
@UseFilters(RestExceptionFilter)
export class ChainsController {
  constructor(
    private readonly cache: CacheService,
    private readonly updates: LatestUpdates,
    private readonly statuses: Statuses,
    private readonly cost: RequestCost,
    private readonly responder: RestResponder,
  ) {}

  @Get(':symbol')
  async list(
    @RequestCaller() caller: Caller,
    @Param(ProductPipe) { symbol }: ProductPath,
    @Query(FormatPipe) { format }: FormatQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const address: SnapshotAddress = { type: 'chain', symbol };
    const { chains, known } = await this.find(caller, address, response);
    const resource = chainsRepresentation(symbol, chains, known);
    await this.responder.send(caller, request, response, format, resource);
  }

  /** The expiries that the caller may see: a user may be allowed a single one of them. */
  @Get(':symbol/expiries')
  async expiries(
    @RequestCaller() caller: Caller,
    @Param(ProductPipe) { symbol }: ProductPath,
    @Query(FormatPipe) { format }: FormatQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const all: SnapshotAddress = { type: 'chain', symbol };
    const { permissions } = caller;
    if (!permissions.maySee(symbol)) throw caller.forbidden([all]);
    const known = this.cache.expiries(symbol);
    caller.spend(known.length > 0 ? this.cost.ofList(known.length) : this.cost.ofSnapshots([all]));
    if (known.length === 0) {
      await this.updates.find([all], () => !response.destroyed);
      caller.checkRevoked();
    }
    // The summaries in `general` name every expiry.
    const seesAll = permissions.mayJoin({ type: 'general' }) || permissions.mayJoin(all);
    const expiries = this.cache
      .expiries(symbol)
      .filter((expiry) => seesAll || permissions.mayJoin({ type: 'chain', symbol, expiry }));
    if (expiries.length === 0) throw notKnown([all]);
    const resource = expiriesRepresentation({ product: symbol, expiries });
    await this.responder.send(caller, request, response, format, resource);
  }

  @Get(':symbol/:expiry')
  async one(
    @RequestCaller() caller: Caller,
    @Param(ChainPipe) { symbol, expiry }: ChainPath,
    @Query(FormatPipe) { format }: FormatQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const address: SnapshotAddress = { type: 'chain', symbol, expiry };
    const { chains } = await this.find(caller, address, response);
    await this.responder.send(caller, request, response, format, chainRepresentation(chains[0]!));
  }

  /** @throws RestError if there is no chain */
  private async find(
    caller: Caller,
    address: SnapshotAddress,
    response: Response,
  ): Promise<{ readonly chains: readonly ChainWithStatus[]; readonly known: number }> {
    caller.require([address]);
    caller.spend(this.cost.ofSnapshots([address]));
    const [found] = await this.updates.find([address], () => !response.destroyed);
    caller.checkRevoked();
    const messages = found?.messages.filter(isChain) ?? [];
    if (!found || messages.length === 0) throw notKnown([address]);
    const chains = messages.map((message) => ({
      message,
      status: this.statuses.ofChain(message.product, message.expiry),
    }));
    return { chains, known: found.known };
  }
}

function isChain(message: MarketMessage) {
  return message.kind === 'chain';
}
