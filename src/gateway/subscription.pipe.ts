import { Injectable, type PipeTransform } from '@nestjs/common';
import { GatewayConfig } from '../config/gateway-config.js';
import { invalidSubscription } from './request-error.js';
import { type RequestField, validateRequest } from './request-validation.js';
import { type RoomsDto, SnapshotDto, SubscribeDto, SubscriptionDto } from './subscription.dto.js';

const SNAPSHOT_FIELDS = [
  'type',
  'symbol',
  'symbols',
  'expiry',
  'view',
] as const satisfies readonly RequestField[];
const SUBSCRIPTION_FIELDS = [...SNAPSHOT_FIELDS, 'every_ms'] as const;
const SUBSCRIBE_FIELDS = [...SUBSCRIPTION_FIELDS, 'since', 'replace'] as const;

/** The length of a batch is checked before its items. */
function validateRooms<T extends RoomsDto>(
  value: unknown,
  dto: T,
  maxSymbols: number,
  fields: readonly RequestField[],
): T {
  const check = ({ symbol, symbols }: T): void => {
    if (!Array.isArray(symbols) || symbols.length + (symbol == null ? 0 : 1) <= maxSymbols) return;
    const problem = `must name at most ${maxSymbols} symbols, counting symbol; split the request`;
    throw invalidSubscription('TOO_MANY_SYMBOLS', [{ field: 'symbols', problem }]);
  };
  return validateRequest(value, dto, fields, { check });
}

/** Validates the payload of `unsubscribe`. */
@Injectable()
export class SubscriptionPipe implements PipeTransform<unknown, SubscriptionDto> {
  constructor(private readonly config: GatewayConfig) {}

  /** @throws RequestError */
  transform(value: unknown): SubscriptionDto {
    return validateRooms(value, new SubscriptionDto(), this.config.maxSymbolsPerRequest, SUBSCRIPTION_FIELDS);
  }
}

/** Validates the payload of `subscribe`. */
@Injectable()
export class SubscribePipe implements PipeTransform<unknown, SubscribeDto> {
  constructor(private readonly config: GatewayConfig) {}

  /** @throws RequestError */
  transform(value: unknown): SubscribeDto {
    return validateRooms(value, new SubscribeDto(), this.config.maxSymbolsPerRequest, SUBSCRIBE_FIELDS);
  }
}

/** Validates the payload of `get_snapshot`. */
@Injectable()
export class SnapshotPipe implements PipeTransform<unknown, SnapshotDto> {
  constructor(private readonly config: GatewayConfig) {}

  /** @throws RequestError */
  transform(value: unknown): SnapshotDto {
    return validateRooms(value, new SnapshotDto(), this.config.maxSymbolsPerRequest, SNAPSHOT_FIELDS);
  }
}
