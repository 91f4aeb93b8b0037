import { Injectable, type PipeTransform } from '@nestjs/common';
import { validateSync } from 'class-validator';
import { shorten } from '../common/shorten.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { type ErrorCode, type ErrorDetail, isSymbol } from '../contract/index.js';
import { invalidSubscription } from './request-error.js';
import { type RoomsDto, SnapshotDto, SubscriptionDto } from './subscription.dto.js';

const FIELDS = ['type', 'symbol', 'symbols', 'expiry', 'every_ms'] as const;
type Field = (typeof FIELDS)[number];

/** Bad symbols that one error names. */
const MAX_NAMED_SYMBOLS = 10;
/**
 * Characters of each that it repeats: enough for a symbol, and too few for a token that was put
 * there by mistake.
 */
const MAX_SHOWN_SYMBOL = 12;

/** All but letters, digits, punctuation, signs and the space; and what has a meaning in HTML. */
const UNSAFE_CHARACTERS = /[^\p{L}\p{N}\p{P}\p{S} ]|[<>"'`]/gu;

const CODES: Readonly<Record<Field, ErrorCode>> = {
  type: 'INVALID_TYPE',
  symbol: 'INVALID_SYMBOL',
  symbols: 'INVALID_SYMBOL',
  expiry: 'INVALID_EXPIRY',
  every_ms: 'INVALID_INTERVAL',
};

/**
 * Fills `dto` from the payload of a client and validates it. Unknown fields are ignored, and the
 * length of a batch is checked before its items.
 *
 * It copies the known fields instead of converting the whole payload, so that a client can
 * neither cause deep recursion nor set a prototype. It is synchronous, so that a later request
 * cannot overtake an earlier one.
 * @throws RequestError
 */
function validateRequest<T extends RoomsDto>(value: unknown, dto: T, maxSymbols: number): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw invalidSubscription('INVALID_PAYLOAD', [{ field: 'payload', problem: 'must be an object' }]);
  }
  for (const [field, given] of Object.entries(value)) {
    if ((FIELDS as readonly string[]).includes(field)) Object.assign(dto, { [field]: given as unknown });
  }
  if (Array.isArray(dto.symbols) && dto.symbols.length + (dto.symbol == null ? 0 : 1) > maxSymbols) {
    throw invalidSubscription('TOO_MANY_SYMBOLS', [
      {
        field: 'symbols',
        problem: `must name at most ${maxSymbols} symbols, counting symbol; split the request`,
      },
    ]);
  }
  const errors = validateSync(dto, { stopAtFirstError: true, forbidUnknownValues: false });
  if (errors.length === 0) return dto;
  const details = FIELDS.flatMap((field) => {
    const constraints = errors.find(({ property }) => property === field)?.constraints;
    return constraints ? detailsOf(dto, field, Object.values(constraints)[0] ?? 'is not valid') : [];
  });
  throw invalidSubscription(CODES[details[0]?.field ?? 'type'], details);
}

/**
 * Of a list of symbols, one for each bad symbol, so that a client with a hundred of them need not
 * guess.
 */
function detailsOf(
  dto: RoomsDto,
  field: Field,
  problem: string,
): (ErrorDetail & { readonly field: Field })[] {
  if (field === 'symbol') return [{ field, problem, ...shownSymbol(dto.symbol) }];
  if (field !== 'symbols' || !Array.isArray(dto.symbols) || dto.symbols.length === 0)
    return [{ field, problem }];
  return dto.symbols
    .flatMap((symbol, index) => (isSymbol(symbol) ? [] : [{ field, problem, index, ...shownSymbol(symbol) }]))
    .slice(0, MAX_NAMED_SYMBOLS);
}

/** Some pages put error messages into HTML, and some logs into terminals. */
function shownSymbol(symbol: unknown): { readonly symbol?: string } {
  if (typeof symbol !== 'string') return {};
  return { symbol: shorten(symbol, MAX_SHOWN_SYMBOL).replace(UNSAFE_CHARACTERS, '?') };
}

/** Checks what a client sent with `subscribe` or `unsubscribe`. */
@Injectable()
export class SubscriptionPipe implements PipeTransform<unknown, SubscriptionDto> {
  constructor(private readonly config: GatewayConfig) {}

  /** @throws RequestError */
  transform(value: unknown): SubscriptionDto {
    return validateRequest(value, new SubscriptionDto(), this.config.maxSymbolsPerRequest);
  }
}

/** Validates the payload of `get_snapshot`. */
@Injectable()
export class SnapshotPipe implements PipeTransform<unknown, SnapshotDto> {
  constructor(private readonly config: GatewayConfig) {}

  /** @throws RequestError */
  transform(value: unknown): SnapshotDto {
    return validateRequest(value, new SnapshotDto(), this.config.maxSymbolsPerRequest);
  }
}
