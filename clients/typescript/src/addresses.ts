import {
  type ErrorDetail,
  INVALID_SUBSCRIPTION_MESSAGE,
  isExpiry,
  isSymbol,
  type RoomAddress,
  SYMBOL_RULE,
} from './contract/index.js';
import { type ClientErrorCode, SubscriptionError } from './errors.js';
import type { ErrorCode } from './contract/index.js';
import type { Request } from './subscription.js';

/**
 * Finds errors that the gateway would report, without asking it. JavaScript callers have no types
 * to find them.
 */
export function invalidRequest(request: Request): SubscriptionError | undefined {
  const { type } = (request ?? {}) as { type?: unknown };
  if (type === 'general') return undefined;
  if (type !== 'product' && type !== 'chain')
    return invalid('INVALID_TYPE', 'type', 'must be product, chain or general');
  const symbols = symbolsOf(request);
  if (symbols.length === 0)
    return invalid('INVALID_SYMBOL', 'symbol', 'is required, unless symbols is given');
  if (!symbols.every(isSymbol)) {
    return invalid(
      'INVALID_SYMBOL',
      (request as { symbol?: unknown }).symbol === undefined ? 'symbols' : 'symbol',
      `must be ${SYMBOL_RULE}`,
    );
  }
  const { expiry } = request as { expiry?: unknown };
  if (expiry == null) return undefined;
  if (type !== 'chain') return invalid('INVALID_EXPIRY', 'expiry', 'is only allowed with type chain');
  return isExpiry(expiry) ? undefined : invalid('INVALID_EXPIRY', 'expiry', 'must be a date, YYYY-MM-DD');
}

/** The rooms of a valid request, without duplicates. */
export function addressesOf(request: Request): RoomAddress[] {
  if (request.type === 'general') return [{ type: 'general' }];
  const symbols = [...new Set(symbolsOf(request))];
  return symbols.map((symbol) =>
    request.type === 'chain' && request.expiry != null
      ? { type: 'chain', symbol, expiry: request.expiry }
      : { type: request.type, symbol },
  );
}

function symbolsOf(request: Request): string[] {
  if (request.type === 'general') return [];
  const { symbol, symbols } = request;
  const list = Array.isArray(symbols) ? (symbols as string[]) : [];
  return symbol == null ? list : [symbol, ...list];
}

function invalid(code: ErrorCode | ClientErrorCode, field: string, problem: string): SubscriptionError {
  const details: ErrorDetail[] = [{ field, problem }];
  return new SubscriptionError(code, INVALID_SUBSCRIPTION_MESSAGE, details);
}
