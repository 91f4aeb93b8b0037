import { ArrayNotEmpty, IsIn, IsOptional, Matches } from 'class-validator';
import { Check } from '../common/check.js';
import { splitList } from '../common/split-list.js';
import {
  type MarketHistoryRequest,
  type MarketHistoryType,
  isExpiry,
  SYMBOL_PATTERN,
  SYMBOL_RULE,
} from '../contract/index.js';
import { HistoryDto } from '../gateway/history.dto.js';
import { type Format, FORMATS } from './representation.js';

/** What Express reads from a path or query. A repeated parameter is a list. */
export type Parameters = Readonly<Record<string, unknown>>;

/** The query of every resource. The messages complete "FIELD ...". Other parameters are ignored. */
export class FormatQuery {
  /** It overrides the Accept header, because some programs cannot set one. */
  @IsOptional()
  @IsIn(FORMATS, { message: `must be one of ${FORMATS.join(', ')}, and must not be repeated` })
  readonly format: Format | undefined;

  constructor({ format }: Parameters) {
    this.format = format as Format | undefined;
  }
}

/** The query of prices. */
export class PricesQuery extends FormatQuery {
  /** Each symbol once, from `symbols=A,B` or `symbols=A&symbols=B`. */
  @Matches(SYMBOL_PATTERN, { each: true, message: `must each be ${SYMBOL_RULE}; write & as %26` })
  @ArrayNotEmpty({ message: 'is missing; send a comma-separated list such as symbols=NIFTY,AAPL' })
  readonly symbols: readonly string[];

  constructor(query: Parameters) {
    super(query);
    const given = Array.isArray(query.symbols) ? query.symbols : [query.symbols ?? ''];
    this.symbols = [...new Set(given.flatMap((list) => splitList(String(list), ',')))];
  }
}

/** The path and the query of a page of history. */
export class HistoryParameters extends FormatQuery {
  readonly request: HistoryDto & MarketHistoryRequest;

  /** @param parameters both together */
  constructor(type: MarketHistoryType, parameters: Parameters) {
    super(parameters);
    const { symbol, expiry, from, to, limit, resolution, cursor } = parameters;
    this.request = Object.assign(new HistoryDto(), {
      type,
      symbol: String(symbol),
      expiry,
      from: timeOf(from),
      to: timeOf(to),
      limit: numberOf(limit),
      resolution,
      cursor,
    });
  }
}

/** A query has its numbers as texts. Anything else is returned as it is, for the validation. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
}

/** A plus that was not written as `%2B` arrives as a blank. A time has one only before its offset. */
function timeOf(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/(:\d\d(?:\.\d+)?) (?=\d\d:?\d\d$)/, '$1+') : value;
}

/** The path of a product. */
export class ProductPath {
  @Matches(SYMBOL_PATTERN, { message: `must be ${SYMBOL_RULE}` })
  readonly symbol: string;

  constructor({ symbol }: Parameters) {
    this.symbol = String(symbol);
  }
}

/** The path of the chain of one expiry. */
export class ChainPath extends ProductPath {
  @Check(isExpiry, { message: 'must be a date YYYY-MM-DD' })
  readonly expiry: string;

  constructor(path: Parameters) {
    super(path);
    this.expiry = String(path.expiry);
  }
}
