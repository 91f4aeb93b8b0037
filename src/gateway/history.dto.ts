import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { Check } from '../common/check.js';
import {
  HISTORY_RESOLUTIONS,
  HISTORY_TYPES,
  type HistoryRequest,
  type HistoryResolution,
  type HistoryType,
  isExpiry,
  isSymbol,
  isTimestamp,
  type MarketHistoryRequest,
  MAX_HISTORY_ROWS,
  SYMBOL_RULE,
} from '../contract/index.js';
import { isBoundCursor } from '../history/bound-cursor.js';
import { TIME_RULE } from './subscription.dto.js';

const NOT_OF_OPENINGS = 'must be left out with type opening, which has one page';

/** Payload of `get_history`, as a client sent it. The messages complete "FIELD ...". */
export class HistoryDto implements HistoryRequest {
  @IsIn(HISTORY_TYPES, { message: `must be one of ${HISTORY_TYPES.join(', ')}` })
  type!: HistoryType;

  @Check((value, { type }: HistoryDto) => (type === 'portfolio' ? value == null : isSymbol(value)), {
    message: ({ object }) =>
      (object as HistoryDto).type === 'portfolio'
        ? 'must be left out, because the portfolio is that of your own user'
        : `must be ${SYMBOL_RULE}`,
  })
  symbol?: string;

  @IsOptional()
  @Check((value, { type }: HistoryDto) => isExpiry(value) && isOfChain(type), {
    message: 'must be a date YYYY-MM-DD, and is allowed with types summary and opening only',
  })
  expiry?: string;

  @IsOptional()
  @NotOfOpenings()
  @Check(isTimestamp, { message: TIME_RULE })
  from?: string;

  @IsOptional()
  @NotOfOpenings()
  @Check(isTimestamp, { message: TIME_RULE })
  to?: string;

  @IsOptional()
  @NotOfOpenings()
  @Max(MAX_HISTORY_ROWS, { message: `must be at most ${MAX_HISTORY_ROWS}` })
  @Min(1, { message: 'must be at least 1' })
  @IsInt({ message: 'must be a whole number' })
  limit?: number;

  @IsOptional()
  @Check((value, { type }: HistoryDto) => value === 'raw' || (isResolution(value) && type === 'product'), {
    message: `must be one of ${HISTORY_RESOLUTIONS.join(', ')}; only prices have other ones than raw`,
  })
  resolution?: HistoryResolution;

  @IsOptional()
  @NotOfOpenings()
  @Check((value) => typeof value === 'string' && isBoundCursor(value), {
    message: 'must be the next of a page, as it is',
  })
  cursor?: string;
}

export type MarketHistoryDto = HistoryDto & MarketHistoryRequest;

/** Whether a validated request is for the history of a product or chain. */
export function isOfMarket(request: HistoryDto): request is MarketHistoryDto {
  return request.type !== 'portfolio';
}

function NotOfOpenings(): PropertyDecorator {
  return Check((_, { type }: HistoryDto) => type !== 'opening', { message: NOT_OF_OPENINGS });
}

function isOfChain(type: HistoryType): boolean {
  return type === 'summary' || type === 'opening';
}

function isResolution(value: unknown): boolean {
  return (HISTORY_RESOLUTIONS as readonly unknown[]).includes(value);
}
