import { ArrayNotEmpty, IsArray, IsDefined, IsIn, IsOptional, Matches, ValidateIf } from 'class-validator';
import { Check } from '../common/check.js';
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

/** Whether it is the time of an update, or an object with the times of several symbols. */
function isSince(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.values(value).every((time) => time == null || isTimestamp(time))
    : isTimestamp(value);
}

function isInterval(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= MIN_HEARTBEAT_MS && Number(value) <= MAX_HEARTBEAT_MS;
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
  @Check((value, { type }: RoomsDto) => isExpiry(value) && type === 'chain', {
    message: 'must be a date YYYY-MM-DD, and is allowed with type chain only',
  })
  expiry?: string;
}

/** Payload of `subscribe` and `unsubscribe`, as a client sent it. */
export class SubscriptionDto extends RoomsDto {
  @IsIn(SUBSCRIPTION_TYPES, { message: `must be one of ${SUBSCRIPTION_TYPES.join(', ')}` })
  type!: SubscriptionType;

  @IsOptional()
  @Check((value, { type }: SubscriptionDto) => isInterval(value) && type === HEARTBEAT, {
    message: `must be a whole number of ms from ${MIN_HEARTBEAT_MS} to ${MAX_HEARTBEAT_MS}, and is allowed with type ${HEARTBEAT} only`,
  })
  every_ms?: number;
}

/** Payload of `subscribe`, as a client sent it. */
export class SubscribeDto extends SubscriptionDto implements SubscribeRequest {
  @IsOptional()
  @Check(isSince, { message: `${TIME_RULE}, or an object with one for each symbol` })
  since?: string | Record<string, string>;
}

/** Payload of `get_snapshot`, as a client sent it. */
export class SnapshotDto extends RoomsDto implements SnapshotRequest {
  @IsIn(SNAPSHOT_TYPES, {
    message: `must be one of ${SNAPSHOT_TYPES.join(', ')}; ${GENERAL_ROOM} has no snapshot, because it sends every product anyway`,
  })
  type!: SnapshotType;
}
