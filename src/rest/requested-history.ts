import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { MarketHistoryType } from '../contract/index.js';
import { HistoryParameters } from './rest.dto.js';

/**
 * A parameter of a handler: the page of history that the path and the query name. It must be
 * validated.
 */
export const RequestedHistory = createParamDecorator((type: MarketHistoryType, context: ExecutionContext) => {
  const { query, params } = context.switchToHttp().getRequest<Request>();
  const { from, to, limit, resolution, cursor, format } = query;
  return new HistoryParameters(type, { from, to, limit, resolution, cursor, format, ...params });
});
