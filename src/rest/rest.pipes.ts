import { Injectable, type PipeTransform } from '@nestjs/common';
import { validateSync } from 'class-validator';
import { GatewayConfig } from '../config/gateway-config.js';
import { type ErrorDetail, isSymbol } from '../contract/index.js';
import {
  ChainPath,
  FormatQuery,
  HistoryParameters,
  type Parameters,
  PricesQuery,
  ProductPath,
} from './rest.dto.js';
import { RestError, type RestErrorCode } from './rest-error.js';

const CODES = {
  symbol: 'INVALID_SYMBOL',
  symbols: 'INVALID_SYMBOL',
  expiry: 'INVALID_EXPIRY',
  format: 'INVALID_FORMAT',
  from: 'INVALID_TIME',
  to: 'INVALID_TIME',
  limit: 'INVALID_PAGE',
  resolution: 'INVALID_PAGE',
  cursor: 'INVALID_PAGE',
} as const satisfies Record<string, RestErrorCode>;

/** The most symbols that one error names. */
const MAX_NAMED_SYMBOLS = 10;

/** @throws RestError that names the first field that is wrong */
function validate<T extends object>(dto: T): T {
  const [error] = validateSync(dto, { stopAtFirstError: true });
  if (!error) return dto;
  const { property, constraints } = error;
  const problem = Object.values(constraints ?? {})[0] ?? 'is not valid';
  const details = property === 'symbols' ? ofSymbols(dto as never, problem) : [{ field: property, problem }];
  throw new RestError(CODES[property as keyof typeof CODES], `The ${property} of the request is not valid.`, {
    details,
  });
}

function ofSymbols({ symbols }: PricesQuery, problem: string): ErrorDetail[] {
  if (symbols.length === 0) return [{ field: 'symbols', problem }];
  return symbols
    .flatMap((symbol, index) => (isSymbol(symbol) ? [] : [{ field: 'symbols', problem, index }]))
    .slice(0, MAX_NAMED_SYMBOLS);
}

@Injectable()
export class FormatPipe implements PipeTransform<Parameters, FormatQuery> {
  /** @throws RestError */
  transform(query: Parameters): FormatQuery {
    return validate(new FormatQuery(query));
  }
}

@Injectable()
export class PricesPipe implements PipeTransform<Parameters, PricesQuery> {
  constructor(private readonly config: GatewayConfig) {}

  /** @throws RestError */
  transform(parameters: Parameters): PricesQuery {
    const query = new PricesQuery(parameters);
    const most = this.config.maxSymbolsPerRequest;
    // Check the length first, so that a long list of bad symbols costs little.
    if (query.symbols.length <= most) return validate(query);
    throw new RestError('TOO_MANY_SYMBOLS', 'The request names too many symbols.', {
      details: [{ field: 'symbols', problem: `must name at most ${most} symbols; split the request` }],
    });
  }
}

@Injectable()
export class ProductPipe implements PipeTransform<Parameters, ProductPath> {
  /** @throws RestError */
  transform(path: Parameters): ProductPath {
    return validate(new ProductPath(path));
  }
}

@Injectable()
export class ChainPipe implements PipeTransform<Parameters, ChainPath> {
  /** @throws RestError */
  transform(path: Parameters): ChainPath {
    return validate(new ChainPath(path));
  }
}

/** Validates what {@link RequestedHistory} has read. */
@Injectable()
export class HistoryPipe implements PipeTransform<HistoryParameters, HistoryParameters> {
  /** @throws RestError */
  transform(parameters: HistoryParameters): HistoryParameters {
    validate(parameters);
    validate(parameters.request);
    return parameters;
  }
}
