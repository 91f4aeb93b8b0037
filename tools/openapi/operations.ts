import { ApiBearerAuth, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from 'nestjs-swagger';
import { ChainsController } from '../../src/rest/chains.controller.js';
import { HistoryController } from '../../src/rest/history.controller.js';
import { OtherPathsController } from '../../src/rest/other-paths.controller.js';
import { PricesController } from '../../src/rest/prices.controller.js';
import { ProductsController } from '../../src/rest/products.controller.js';
import { STATUS_OF, type RestErrorCode } from '../../src/rest/rest-error.js';
import {
  ERRORS,
  EXPIRY,
  FORMAT,
  HISTORY_QUERY,
  OPERATIONS,
  RESOLUTION,
  SYMBOL,
  SYMBOLS,
  type OperationText,
} from './prose.js';

/** The controllers of the HTTP API. */
export const CONTROLLERS = [
  ProductsController,
  PricesController,
  ChainsController,
  HistoryController,
  OtherPathsController,
];

const ETAG = {
  description:
    'The version of the content. Send it in `If-None-Match` to get 304 while there is no newer one.',
  schema: { type: 'string' },
} as const;
const LINK = {
  description: 'The relative address of the next page, with `rel="next"`. Left out on the last page.',
  required: false,
  schema: { type: 'string' },
} as const;
const RETRY_AFTER = {
  description: 'The time until the request may be repeated, s.',
  schema: { type: 'integer', minimum: 1 },
} as const;

const schema = (name: string) => ({ $ref: `#/components/schemas/${name}` });

type Handler = (...args: never[]) => unknown;

/**
 * Describes the handlers with the decorators of @nestjs/swagger, from outside: the gateway itself
 * does not load that package.
 */
export function describeOperations(): void {
  const products = ProductsController.prototype as unknown as Record<string, Handler>;
  const prices = PricesController.prototype as unknown as Record<string, Handler>;
  const chains = ChainsController.prototype as unknown as Record<string, Handler>;
  describe(products, 'list', OPERATIONS.products, []);
  describe(prices, 'list', OPERATIONS.prices, [ApiQuery(SYMBOLS)]);
  describe(chains, 'list', OPERATIONS.chains, [ApiParam(SYMBOL)]);
  describe(chains, 'expiries', OPERATIONS.expiries, [ApiParam(SYMBOL)]);
  describe(chains, 'one', OPERATIONS.chain, [ApiParam(SYMBOL), ApiParam(EXPIRY)]);
  const history = HistoryController.prototype as unknown as Record<string, Handler>;
  const query = HISTORY_QUERY.map((parameter) => ApiQuery(parameter));
  describe(history, 'prices', OPERATIONS.priceHistory, [ApiParam(SYMBOL), ...query, ApiQuery(RESOLUTION)]);
  describe(history, 'summaries', OPERATIONS.chainHistory, [ApiParam(SYMBOL), ApiParam(EXPIRY), ...query]);
  describe(history, 'opening', OPERATIONS.chainOpening, [ApiParam(SYMBOL), ApiParam(EXPIRY)]);
}

function describe(
  prototype: Record<string, Handler>,
  name: string,
  { id, summary, description, body, csv, pages, errors }: OperationText,
  parameters: readonly MethodDecorator[],
): void {
  const decorators: MethodDecorator[] = [
    ApiTags('market data'),
    ApiBearerAuth('token'),
    ApiOperation({ operationId: id, summary, description }),
    ...parameters,
    ApiQuery(FORMAT),
    ApiResponse({
      status: 200,
      description: pages ? 'A page.' : 'The newest content.',
      headers: { ETag: ETAG, ...(pages && { Link: LINK }) },
      content: {
        'application/json': { schema: schema(body) },
        'text/csv': { schema: { type: 'string', description: csv } },
      },
    }),
    ApiResponse({
      status: 304,
      description: 'The content is still the one that `If-None-Match` names.',
      headers: { ETag: ETAG },
    }),
    ...[...new Set(errors.map((code) => STATUS_OF[code]))].map((status) => errorResponse(status, errors)),
  ];
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  for (const decorate of decorators) decorate(prototype, name, descriptor);
}

function errorResponse(status: number, codes: readonly RestErrorCode[]): MethodDecorator {
  const texts = codes
    .filter((code) => STATUS_OF[code] === status)
    .map((code) => `\`${code}\`: ${ERRORS[code]}`);
  return ApiResponse({
    status,
    description: texts.join('\n'),
    ...((status === 429 || status === 503) && { headers: { 'Retry-After': RETRY_AFTER } }),
    content: { 'application/json': { schema: schema('HttpError') } },
  });
}
