import {
  IsIn,
  IsInt,
  IsOptional,
  Matches,
  Max,
  Min,
  registerDecorator,
  type ValidationOptions,
} from 'class-validator';
import {
  HISTORY_RESOLUTIONS,
  HISTORY_TYPES,
  type HistoryRequest,
  type HistoryResolution,
  type HistoryType,
  isExpiry,
  isTimestamp,
  MAX_HISTORY_ROWS,
  SYMBOL_PATTERN,
  SYMBOL_RULE,
} from '../contract/index.js';
import { isCursor } from '../history/page.js';
import { TIME_RULE } from './subscription.dto.js';

/** Accepts what `isValid` accepts. */
function Accepts(
  isValid: (value: unknown, dto: HistoryDto) => boolean,
  options: ValidationOptions,
): PropertyDecorator {
  return (target, key) =>
    registerDecorator({
      name: 'accepts',
      target: target.constructor,
      propertyName: String(key),
      options,
      validator: { validate: (value, args) => isValid(value, args?.object as HistoryDto) },
    });
}

/** Payload of `get_history`, as a client sent it. The messages complete "FIELD ...". */
export class HistoryDto implements HistoryRequest {
  @IsIn(HISTORY_TYPES, { message: `must be one of ${HISTORY_TYPES.join(', ')}` })
  type!: HistoryType;

  @Matches(SYMBOL_PATTERN, { message: `must be ${SYMBOL_RULE}` })
  symbol!: string;

  @IsOptional()
  @Accepts((value, { type }) => isExpiry(value) && type === 'summary', {
    message: 'must be a date YYYY-MM-DD, and is allowed with type summary only',
  })
  expiry?: string;

  @IsOptional()
  @Accepts(isTimestamp, { message: TIME_RULE })
  from?: string;

  @IsOptional()
  @Accepts(isTimestamp, { message: TIME_RULE })
  to?: string;

  @IsOptional()
  @Max(MAX_HISTORY_ROWS, { message: `must be at most ${MAX_HISTORY_ROWS}` })
  @Min(1, { message: 'must be at least 1' })
  @IsInt({ message: 'must be a whole number' })
  limit?: number;

  @IsOptional()
  @Accepts((value, { type }) => value === 'raw' || (isResolution(value) && type === 'product'), {
    message: `must be one of ${HISTORY_RESOLUTIONS.join(', ')}; type summary takes raw only`,
  })
  resolution?: HistoryResolution;

  @IsOptional()
  @Accepts((value) => typeof value === 'string' && isCursor(value), {
    message: 'must be the next of a page, as it is',
  })
  cursor?: string;
}

function isResolution(value: unknown): boolean {
  return (HISTORY_RESOLUTIONS as readonly unknown[]).includes(value);
}
