import { validateSync } from 'class-validator';
import { shorten } from '../common/shorten.js';
import { type ErrorCode, type ErrorDetail, isSymbol } from '../contract/index.js';
import { invalidSubscription } from './request-error.js';

/** The fields of requests, in the order in which errors name them, with the code of their errors. */
const CODES = {
  type: 'INVALID_TYPE',
  symbol: 'INVALID_SYMBOL',
  symbols: 'INVALID_SYMBOL',
  expiry: 'INVALID_EXPIRY',
  every_ms: 'INVALID_INTERVAL',
  view: 'INVALID_VIEW',
  replace: 'INVALID_VIEW',
  since: 'INVALID_TIME',
  from: 'INVALID_TIME',
  to: 'INVALID_TIME',
  limit: 'INVALID_PAGE',
  resolution: 'INVALID_PAGE',
  cursor: 'INVALID_PAGE',
} as const satisfies Record<string, ErrorCode>;

export type RequestField = keyof typeof CODES;
export const REQUEST_FIELDS = Object.keys(CODES) as RequestField[];

/** Bad symbols that one error names. */
const MAX_NAMED_SYMBOLS = 10;
/**
 * Characters of each that it repeats: enough for a symbol, and too few for a token that was put
 * there by mistake.
 */
const MAX_SHOWN_SYMBOL = 12;

/** All but letters, digits, punctuation, signs and the space; and what has a meaning in HTML. */
const UNSAFE_CHARACTERS = /[^\p{L}\p{N}\p{P}\p{S} ]|[<>"'`]/gu;

interface ValidationOptions<T> {
  readonly check?: (dto: T) => void;
  readonly invalid?: typeof invalidSubscription;
}

/**
 * Fills `dto` from the payload of a client and validates it. Unknown fields are ignored.
 *
 * It copies the fields that it is told to copy instead of converting the whole payload, so that a
 * client can neither cause deep recursion nor set a prototype. It is synchronous, so that a later
 * request cannot overtake an earlier one.
 * @param options `check` is called before the fields are validated; `invalid` makes the error
 * @throws RequestError
 */
export function validateRequest<T extends object>(
  value: unknown,
  dto: T,
  fields: readonly RequestField[],
  { check = () => undefined, invalid = invalidSubscription }: ValidationOptions<T> = {},
): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw invalid('INVALID_PAYLOAD', [{ field: 'payload', problem: 'must be an object' }]);
  }
  for (const [field, given] of Object.entries(value)) {
    if ((fields as readonly string[]).includes(field)) Object.assign(dto, { [field]: given as unknown });
  }
  check(dto);
  const errors = validateSync(dto, { stopAtFirstError: true, forbidUnknownValues: false });
  if (errors.length === 0) return dto;
  const details = REQUEST_FIELDS.flatMap((field) => {
    const constraints = errors.find(({ property }) => property === field)?.constraints;
    return constraints ? detailsOf(dto, field, Object.values(constraints)[0] ?? 'is not valid') : [];
  });
  throw invalid(CODES[details[0]?.field ?? 'type'], details);
}

/**
 * Of a list of symbols, one for each bad symbol, so that a client with a hundred of them need not
 * guess.
 */
function detailsOf(
  dto: { readonly symbol?: unknown; readonly symbols?: unknown },
  field: RequestField,
  problem: string,
): (ErrorDetail & { readonly field: RequestField })[] {
  if (field === 'symbol') return [{ field, problem, ...shownSymbol(dto.symbol) }];
  if (field !== 'symbols' || !Array.isArray(dto.symbols) || dto.symbols.length === 0)
    return [{ field, problem }];
  return (dto.symbols as unknown[])
    .flatMap((symbol, index) => (isSymbol(symbol) ? [] : [{ field, problem, index, ...shownSymbol(symbol) }]))
    .slice(0, MAX_NAMED_SYMBOLS);
}

/** Some pages put error messages into HTML, and some logs into terminals. */
function shownSymbol(symbol: unknown): { readonly symbol?: string } {
  if (typeof symbol !== 'string') return {};
  return { symbol: shorten(symbol, MAX_SHOWN_SYMBOL).replace(UNSAFE_CHARACTERS, '?') };
}
