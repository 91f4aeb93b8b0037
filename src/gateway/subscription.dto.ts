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
  GENERAL_ROOM,
  HEARTBEAT,
  isExpiry,
  isTimestamp,
  MAX_HEARTBEAT_MS,
  MIN_HEARTBEAT_MS,
  SNAPSHOT_TYPES,
  type SnapshotRequest,
  type SnapshotType,
  SUBSCRIPTION_TYPES,
  SYMBOL_PATTERN,
  SYMBOL_RULE,
  type SubscribeRequest,
  type SubscriptionRequest,
  type SubscriptionType,
} from '../contract/index.js';

/** Completes "FIELD ..." in the error about a time. */
export const TIME_RULE = 'must be an ISO 8601 time such as 2026-11-22T04:43:39.340966';

const needsSymbol = ({ type }: RoomsDto): boolean => type !== 'general' && type !== 'heartbeat';

function IsExpiry(options: ValidationOptions): PropertyDecorator {
  return (target, key) =>
    registerDecorator({
      name: 'isExpiry',
      target: target.constructor,
      propertyName: String(key),
      options,
      validator: {
        validate: (value, args) =>
          isExpiry(value) && (args?.object as RoomsDto | undefined)?.type === 'chain',
      },
    });
}

function IsInterval(options: ValidationOptions): PropertyDecorator {
  return (target, key) =>
    registerDecorator({
      name: 'isInterval',
      target: target.constructor,
      propertyName: String(key),
      options,
      validator: {
        validate: (value, args) =>
          Number.isInteger(value) &&
          value >= MIN_HEARTBEAT_MS &&
          value <= MAX_HEARTBEAT_MS &&
          (args?.object as SubscriptionDto | undefined)?.type === HEARTBEAT,
      },
    });
}

/** Accepts the time of an update, or an object with the times of several symbols. */
function IsSince(options: ValidationOptions): PropertyDecorator {
  return (target, key) =>
    registerDecorator({
      name: 'isSince',
      target: target.constructor,
      propertyName: String(key),
      options,
      validator: {
        validate: (value: unknown) =>
          typeof value === 'object' && value !== null && !Array.isArray(value)
            ? Object.values(value).every((time) => time == null || isTimestamp(time))
            : isTimestamp(value),
      },
    });
}

/** A request that names rooms. The messages complete "FIELD ...". */
export abstract class RoomsDto implements SubscriptionRequest {
  abstract type: SubscriptionType;

  @ValidateIf((dto: RoomsDto) => needsSymbol(dto) && (dto.symbols == null || dto.symbol != null))
  @IsDefined({ message: 'is missing; send symbol or symbols' })
  @Matches(SYMBOL_PATTERN, { message: `must be ${SYMBOL_RULE}` })
  symbol?: string;

  @ValidateIf((dto: RoomsDto) => needsSymbol(dto) && dto.symbols != null)
  @Matches(SYMBOL_PATTERN, { each: true, message: `must each be ${SYMBOL_RULE}` })
  @ArrayNotEmpty({ message: 'must not be empty' })
  @IsArray({ message: 'must be a list of symbols' }) // the last decorator is checked first
  symbols?: string[];

  @IsOptional()
  @IsExpiry({ message: 'must be a date YYYY-MM-DD, and is allowed with type chain only' })
  expiry?: string;
}

/** Payload of `subscribe` and `unsubscribe`, as a client sent it. */
export class SubscriptionDto extends RoomsDto {
  @IsIn(SUBSCRIPTION_TYPES, { message: `must be one of ${SUBSCRIPTION_TYPES.join(', ')}` })
  type!: SubscriptionType;

  @IsOptional()
  @IsInterval({
    message: `must be a whole number of ms from ${MIN_HEARTBEAT_MS} to ${MAX_HEARTBEAT_MS}, and is allowed with type ${HEARTBEAT} only`,
  })
  every_ms?: number;
}

/** Payload of `subscribe`, as a client sent it. */
export class SubscribeDto extends SubscriptionDto implements SubscribeRequest {
  @IsOptional()
  @IsSince({ message: `${TIME_RULE}, or an object with one for each symbol` })
  since?: string | Record<string, string>;
}

/** Payload of `get_snapshot`, as a client sent it. */
export class SnapshotDto extends RoomsDto implements SnapshotRequest {
  @IsIn(SNAPSHOT_TYPES, {
    message: `must be one of ${SNAPSHOT_TYPES.join(', ')}; ${GENERAL_ROOM} has no snapshot, because it sends every product anyway`,
  })
  type!: SnapshotType;
}
