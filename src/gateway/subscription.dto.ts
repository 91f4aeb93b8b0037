import {
  ArrayNotEmpty,
  IsArray,
  IsDefined,
  IsIn,
  IsOptional,
  Matches,
  registerDecorator,
  ValidateIf,
  type ValidationOptions,
} from 'class-validator';
import {
  isExpiry,
  SUBSCRIPTION_TYPES,
  SYMBOL_PATTERN,
  SYMBOL_RULE,
  type SubscriptionRequest,
  type SubscriptionType,
} from '../contract/index.js';

const needsSymbol = ({ type }: SubscriptionDto): boolean => type !== 'general';

function IsExpiry(options: ValidationOptions): PropertyDecorator {
  return (target, key) =>
    registerDecorator({
      name: 'isExpiry',
      target: target.constructor,
      propertyName: String(key),
      options,
      validator: {
        validate: (value, args) =>
          isExpiry(value) && (args?.object as SubscriptionDto | undefined)?.type === 'chain',
      },
    });
}

/** Payload of `subscribe` and `unsubscribe`, as a client sent it. The messages complete "FIELD ...". */
export class SubscriptionDto implements SubscriptionRequest {
  @IsIn(SUBSCRIPTION_TYPES, { message: `must be one of ${SUBSCRIPTION_TYPES.join(', ')}` })
  type!: SubscriptionType;

  @ValidateIf((dto: SubscriptionDto) => needsSymbol(dto) && (dto.symbols == null || dto.symbol != null))
  @IsDefined({ message: 'is missing' })
  @Matches(SYMBOL_PATTERN, { message: `must be ${SYMBOL_RULE}` })
  symbol?: string;

  @ValidateIf((dto: SubscriptionDto) => needsSymbol(dto) && dto.symbols != null)
  @IsArray({ message: 'must be a list of symbols' })
  @ArrayNotEmpty({ message: 'must not be empty' })
  @Matches(SYMBOL_PATTERN, { each: true, message: `must each be ${SYMBOL_RULE}` })
  symbols?: string[];

  @IsOptional()
  @IsExpiry({ message: 'must be a date YYYY-MM-DD, and goes with type chain only' })
  expiry?: string;
}
