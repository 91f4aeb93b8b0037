import {
  type ErrorDetail,
  grantedView,
  INVALID_SUBSCRIPTION_MESSAGE,
  isExpiry,
  isSymbol,
  type MarketAddress,
  type RoomType,
  SYMBOL_RULE,
  VIEW_MODES,
  type ViewRequest,
} from './contract/index.js';
import { type ClientErrorCode, SubscriptionError } from './errors.js';
import type { ErrorCode } from './contract/index.js';
import type { AskedView, Request } from './request.js';

/**
 * Finds errors that the gateway would report, without asking it. JavaScript callers have no types
 * to find them.
 */
export function invalidRequest(request: Request): SubscriptionError | undefined {
  const { type } = (request ?? {}) as { type?: unknown };
  if (type !== 'product' && type !== 'chain' && type !== 'general')
    return invalid('INVALID_TYPE', 'type', 'must be product, chain, general or portfolio');
  return (type === 'general' ? undefined : invalidSymbols(request)) ?? invalidView(type, request.view);
}

function invalidSymbols(request: Request): SubscriptionError | undefined {
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
  if (request.type !== 'chain') return invalid('INVALID_EXPIRY', 'expiry', 'is only allowed with type chain');
  return isExpiry(expiry) ? undefined : invalid('INVALID_EXPIRY', 'expiry', 'must be a date, YYYY-MM-DD');
}

/** @param view as a JavaScript caller may have passed it */
export function invalidView(type: RoomType, view: unknown): SubscriptionError | undefined {
  if (view == null) return undefined;
  const invalidField = (field: string, problem: string): SubscriptionError =>
    invalid('INVALID_VIEW', field, problem);
  if (typeof view !== 'object' || Array.isArray(view)) return invalidField('view', 'must be an object');
  const { mode, strikes, max_rate } = view as { [field in keyof ViewRequest]: unknown };
  if (type !== 'chain' && (mode != null || strikes != null))
    return invalidField(
      mode == null ? 'view.strikes' : 'view.mode',
      'is only allowed with type chain; use only max_rate',
    );
  if (mode != null && !(VIEW_MODES as readonly unknown[]).includes(mode))
    return invalidField('view.mode', `must be one of ${VIEW_MODES.join(', ')}`);
  if (strikes != null && !(Number.isInteger(strikes) && (strikes as number) >= 1))
    return invalidField('view.strikes', 'must be a whole number from 1');
  if (max_rate != null && !(Number.isFinite(max_rate) && (max_rate as number) > 0))
    return invalidField('view.max_rate', 'must be a number above 0');
  return undefined;
}

/** The rooms of a valid request, without duplicates. */
export function addressesOf(request: Request): MarketAddress[] {
  if (request.type === 'general') return [withView({ type: 'general' }, request.view)];
  const symbols = [...new Set(symbolsOf(request))];
  return symbols.map((symbol) =>
    withView(
      request.type === 'chain' && request.expiry != null
        ? { type: 'chain', symbol, expiry: request.expiry }
        : { type: request.type, symbol },
      request.view,
    ),
  );
}

/** The same room in the view that the gateway grants, or the room itself without a view. */
export function withView(address: MarketAddress, asked: AskedView | null | undefined): MarketAddress {
  const { view: _view, ...room } = address;
  // The overloads are for one kind of room each.
  const view = asked == null ? undefined : grantedView(address.type as 'chain', asked);
  return (view ? { ...room, view } : room) as MarketAddress;
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
