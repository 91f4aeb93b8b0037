import {
  DEFAULT_HISTORY_ROWS,
  HISTORY_RESOLUTIONS,
  MAX_HISTORY_ROWS,
  SYMBOL_PATTERN,
} from '../../src/contract/index.js';
import { FORMATS } from '../../src/rest/representation.js';
import type { RestErrorCode } from '../../src/rest/rest-error.js';

export const INTRODUCTION = `The newest prices and option chains for one look, for programs that do not keep a connection: Excel, \`curl\`, R and pandas.
To receive every update, connect with Socket.IO instead: the AsyncAPI document at \`/asyncapi.yaml\` describes it.
Payloads, rooms, tokens and permissions are the same. The operator may switch this API off with \`REST_API=false\`.

Each resource is JSON or CSV. \`format=csv\` or \`Accept: text/csv\` asks for CSV.
A request with the \`ETag\` of an earlier response in \`If-None-Match\` gets 304 without a body until there is a newer update.
Numbers are passed on to the letter, as they were published.

docs/rest.md has examples.`;

/** The meaning of each error. */
export const ERRORS: Readonly<Record<RestErrorCode, string>> = {
  INVALID_SYMBOL: 'a symbol is missing or malformed; `details` says what a symbol may contain.',
  TOO_MANY_SYMBOLS: 'the request names too many symbols; split it.',
  INVALID_EXPIRY: 'the expiry is not a date YYYY-MM-DD.',
  INVALID_FORMAT: 'the format is unknown or repeated.',
  INVALID_TIME: '`from` or `to` is not an ISO 8601 time.',
  INVALID_PAGE: '`limit`, `resolution` or `cursor` is not valid, or the cursor is of another request.',
  AUTH_REQUIRED: 'the gateway requires a token, and the request has none.',
  TOKEN_INVALID: 'the token is invalid for this gateway.',
  TOKEN_EXPIRED: 'the token has expired.',
  TOKEN_REVOKED: 'the token, or every token of its user, has been revoked.',
  FORBIDDEN: 'the token does not allow the rooms that `rooms` lists.',
  ORIGIN_NOT_ALLOWED: 'pages of this origin may not use the gateway.',
  NOT_FOUND: 'nothing is known of what was asked for.',
  METHOD_NOT_ALLOWED: 'the API only reads.',
  NOT_ACCEPTABLE: 'the client accepts neither JSON nor CSV.',
  RATE_LIMITED: 'the user or address asks for more than its limits allow.',
  SLOW_CLIENT: 'the client has not read the responses that it asked for.',
  INTERNAL_ERROR: 'the gateway failed to process the request.',
  AUTH_UNAVAILABLE: 'the gateway cannot check the token at the moment.',
  SNAPSHOT_UNAVAILABLE: 'the gateway cannot look up the latest update at the moment.',
  HISTORY_UNAVAILABLE:
    'the gateway cannot read the history at the moment, or keeps none if there is no `Retry-After`.',
  UNAVAILABLE: 'the replica is overloaded or shutting down.',
};

/** What one operation does. */
export interface OperationText {
  readonly id: string;
  readonly summary: string;
  readonly description: string;
  /** The name of the type of its JSON body. */
  readonly body: string;
  /** The rows of its CSV. */
  readonly csv: string;
  /** Whether it has pages. */
  readonly pages?: true;
  readonly errors: readonly RestErrorCode[];
}

const ALWAYS = [
  'INVALID_FORMAT',
  'AUTH_REQUIRED',
  'TOKEN_INVALID',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
  'ORIGIN_NOT_ALLOWED',
  'NOT_ACCEPTABLE',
  'RATE_LIMITED',
  'SLOW_CLIENT',
  'INTERNAL_ERROR',
  'AUTH_UNAVAILABLE',
  'UNAVAILABLE',
] as const satisfies readonly RestErrorCode[];
const OF_ROOMS = [
  ...ALWAYS,
  'INVALID_SYMBOL',
  'FORBIDDEN',
  'NOT_FOUND',
  'SNAPSHOT_UNAVAILABLE',
] as const satisfies readonly RestErrorCode[];

const OF_HISTORY = [
  ...ALWAYS,
  'INVALID_SYMBOL',
  'INVALID_TIME',
  'INVALID_PAGE',
  'FORBIDDEN',
  'NOT_FOUND',
  'HISTORY_UNAVAILABLE',
] as const satisfies readonly RestErrorCode[];

const PAGES =
  'Without `from` the first page has the newest rows and `next` leads to older ones; with it, pages go on to newer rows. The rows of a page are in ascending order. The body, and the `Link` header for CSV, name the next page.';
const OPTION_ROWS = 'One row for each option: its chain, strike and type, and the fields of the option.';

export const OPERATIONS = {
  products: {
    id: 'listProducts',
    summary: 'The products that the user may see.',
    description: 'First the configured ones, then others that were seen on the feed.',
    body: 'Products',
    csv: 'One row for each product.',
    errors: ALWAYS,
  },
  prices: {
    id: 'listPrices',
    summary: 'The newest prices of the products that the query names.',
    description: 'A product without a price is left out of `prices`, and is stale in `statuses`.',
    body: 'PriceList',
    csv: 'One row for each product that was asked for.',
    errors: [...OF_ROOMS, 'TOO_MANY_SYMBOLS'],
  },
  chains: {
    id: 'listChains',
    summary: 'The newest option chains of a product, the nearest expiry first.',
    description: 'The number of chains is limited. `available` says how many there are.',
    body: 'ChainList',
    csv: OPTION_ROWS,
    errors: OF_ROOMS,
  },
  expiries: {
    id: 'listExpiries',
    summary: 'The expiries of a product.',
    description: 'Those that the user may see, whose chains are known and have not expired.',
    body: 'ExpiryList',
    csv: 'One row for each expiry.',
    errors: OF_ROOMS,
  },
  chain: {
    id: 'getChain',
    summary: 'The newest option chain of one expiry.',
    description: 'The chain as it was published, and whether it is still updated.',
    body: 'SingleChain',
    csv: OPTION_ROWS,
    errors: [...OF_ROOMS, 'INVALID_EXPIRY'],
  },
  priceHistory: {
    id: 'getPriceHistory',
    summary: 'A page of the past prices of a product, or of bars of them.',
    description: PAGES,
    body: 'History',
    csv: 'One row for each update, with `gap: true` if updates may be missing before it; or one for each bar.',
    pages: true,
    errors: OF_HISTORY,
  },
  chainHistory: {
    id: 'getChainHistory',
    summary: 'A page of the past summaries of the option chain of one expiry, without strikes.',
    description: PAGES,
    body: 'History',
    csv: 'One row for each update, with `gap: true` if updates may be missing before it.',
    pages: true,
    errors: [...OF_HISTORY, 'INVALID_EXPIRY'],
  },
  chainOpening: {
    id: 'getChainOpening',
    summary: 'The open interest and last prices of the first option chain of the session.',
    description: 'One row for each strike. `updates` is empty until the first chain of the session was kept.',
    body: 'History',
    csv: 'One row for each strike. `gap` is always `false`.',
    errors: [...OF_HISTORY, 'INVALID_EXPIRY'],
  },
} as const satisfies Record<string, OperationText>;

const SYMBOL_SCHEMA = { type: 'string', pattern: SYMBOL_PATTERN.source } as const;

export const SYMBOL = {
  name: 'symbol',
  description: 'The name of a product. Write `&` as `%26`.',
  schema: SYMBOL_SCHEMA,
  example: 'NIFTY',
} as const;

export const EXPIRY = {
  name: 'expiry',
  description: 'The day on which the options expire.',
  schema: { type: 'string', format: 'date' },
  example: '2026-12-03',
} as const;

export const SYMBOLS = {
  name: 'symbols',
  required: true,
  description: 'The products, separated by commas. The parameter may be repeated. Write `&` as `%26`.',
  style: 'form',
  explode: false,
  schema: { type: 'array', minItems: 1, items: SYMBOL_SCHEMA },
  example: ['NIFTY', 'AAPL'],
} as const;

export const FORMAT = {
  name: 'format',
  required: false,
  description: 'The format, whatever `Accept` says.',
  schema: { type: 'string', enum: [...FORMATS] },
};

const TIME_SCHEMA = { type: 'string', format: 'date-time' } as const;

export const HISTORY_QUERY = [
  {
    name: 'from',
    required: false,
    description: 'The time of the first row: the `timestamp` of an update as it is. Write `+` as `%2B`.',
    schema: TIME_SCHEMA,
  },
  { name: 'to', required: false, description: 'The time of the last row.', schema: TIME_SCHEMA },
  {
    name: 'limit',
    required: false,
    description: 'The most rows of the page.',
    schema: { type: 'integer', minimum: 1, maximum: MAX_HISTORY_ROWS, default: DEFAULT_HISTORY_ROWS },
  },
  {
    name: 'cursor',
    required: false,
    description: '`next` of the page before. The other parameters, except `limit`, must be repeated.',
    schema: { type: 'string' },
  },
] as const;

export const RESOLUTION = {
  name: 'resolution',
  required: false,
  description: 'Every update, or one bar for each period.',
  schema: { type: 'string', enum: [...HISTORY_RESOLUTIONS], default: 'raw' },
};
