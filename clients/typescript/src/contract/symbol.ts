// Copied from the service by scripts/copy-contract.mjs: change it there.
/**
 * The name of a product: 1 to 32 letters, digits or `& . _ -`, beginning with a letter or digit
 * (`NIFTY`, `M&M`, `BAJAJ-AUTO`).
 * @pattern ^[A-Za-z0-9][A-Za-z0-9&._-]{0,31}$
 */
export type ProductSymbol = string;

/**
 * The day on which an option chain expires, YYYY-MM-DD.
 * @format date
 */
export type Expiry = string;

/**
 * The name of a product, as it occurs in subscriptions, rooms, cache keys and feed messages:
 * `NIFTY`, `M&M`, `BAJAJ-AUTO`. It excludes some characters for safety: a colon could forge the
 * name of a room, and `* ? [ ]` would turn a cache key into a pattern.
 */
export const SYMBOL_PATTERN = /^[A-Za-z0-9][A-Za-z0-9&._-]{0,31}$/;

/** The most characters in a symbol. */
export const MAX_SYMBOL_LENGTH = 32;

/** A description of {@link SYMBOL_PATTERN} for error messages. */
export const SYMBOL_RULE = '1 to 32 letters, digits or & . _ - and begin with a letter or digit';

export function isSymbol(value: unknown): value is string {
  return typeof value === 'string' && SYMBOL_PATTERN.test(value);
}

/** Returns true for a calendar date `YYYY-MM-DD` that exists (2026-02-30 does not). */
export function isExpiry(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}
