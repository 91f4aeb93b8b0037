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
  VIEW_MODES,
  type ViewMode,
  type ViewRequest,
} from '../contract/index.js';

/** Completes "FIELD ..." in the error about a time. */
export const TIME_RULE = 'must be an ISO 8601 time such as 2026-11-22T04:43:39.340966';

/** The types that name no symbols. Any other needs one, also a type that is unknown. */
const WITHOUT_SYMBOL: ReadonlySet<string> = new Set(['general', 'portfolio', 'admin', HEARTBEAT]);

const needsSymbol = ({ type }: RoomsDto): boolean => !WITHOUT_SYMBOL.has(type);

/** Whether it is the time of an update, or an object with the times of several symbols. */
function isSince(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.values(value).every((time) => time == null || isTimestamp(time))
    : isTimestamp(value);
}

function isInterval(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= MIN_HEARTBEAT_MS && Number(value) <= MAX_HEARTBEAT_MS;
}

function isView(value: unknown, { type }: RoomsDto): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if (type !== 'general' && WITHOUT_SYMBOL.has(type)) return false;
  const { mode, strikes, max_rate } = value as { readonly [field in keyof ViewRequest]?: unknown };
  if (type !== 'chain' && (mode != null || strikes != null)) return false;
  return (
    (mode == null || VIEW_MODES.includes(mode as ViewMode)) &&
    (strikes == null || (Number.isInteger(strikes) && Number(strikes) >= 1)) &&
    (max_rate == null || (Number.isFinite(max_rate) && Number(max_rate) > 0))
  );
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

  @IsOptional()
  @Check(isView, {
    message:
      `must be an object with max_rate, a number above 0, and for type chain also mode, one of ${VIEW_MODES.join(', ')}, ` +
      'and strikes, a whole number from 1 on',
  })
  view?: ViewRequest;
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

  @IsOptional()
  @Check((value, { type }: SubscribeDto) => typeof value === 'boolean' && type !== HEARTBEAT, {
    message: `must be true or false, and is not allowed with type ${HEARTBEAT}`,
  })
  replace?: boolean;
}

/** Payload of `get_snapshot`, as a client sent it. */
export class SnapshotDto extends RoomsDto implements SnapshotRequest {
  @IsIn(SNAPSHOT_TYPES, {
    message: `must be one of ${SNAPSHOT_TYPES.join(', ')}; ${GENERAL_ROOM} has no snapshot, because it sends every product anyway`,
  })
  type!: SnapshotType;
}
