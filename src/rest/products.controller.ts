import { Controller, Get, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ProductLists } from '../gateway/product-lists.js';
import { RequestCost } from '../gateway/request-cost.js';
import { Caller, RequestCaller } from './caller.js';
import { productsRepresentation } from './name-representations.js';
import { RestExceptionFilter } from './rest-exception.filter.js';
import { RestGuard } from './rest.guard.js';
import { RestResponder } from './rest-responder.js';
import type { FormatQuery } from './rest.dto.js';
import { FormatPipe } from './rest.pipes.js';

/** The products that the caller may see. */
@Controller('v1/products')
@UseGuards(RestGuard)
@UseFilters(RestExceptionFilter)
export class ProductsController {
  constructor(
    private readonly lists: ProductLists,
    private readonly cost: RequestCost,
    private readonly responder: RestResponder,
  ) {}

  @Get()
  async list(
    @RequestCaller() caller: Caller,
    @Query(FormatPipe) { format }: FormatQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { products, payload } = this.lists.of(caller.permissions);
    caller.spend(this.cost.ofList(products.length));
    const resource = productsRepresentation(products, payload.text);
    await this.responder.send(caller, request, response, format, resource);
  }
}
