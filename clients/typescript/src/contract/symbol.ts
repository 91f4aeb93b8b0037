// Copied from the service by scripts/copy-contract.mjs: change it there.
/**
 * A product's name: 1 to 32 letters, digits or `& . _ -`, beginning with a letter or digit (`NIFTY`, `M&M`, `BAJAJ-AUTO`).
 * @pattern ^[A-Za-z0-9][A-Za-z0-9&._-]{0,31}$
 */
export type ProductSymbol = string;

/**
 * The day an option chain ends, YYYY-MM-DD.
 * @format date
 */
export type Expiry = string;

/**
 * A product's name as it stands in subscriptions, rooms, cache keys and feed messages: `NIFTY`, `M&M`, `BAJAJ-AUTO`.
 * Letters, digits and `& . _ -`, at most 32 characters, beginning with a letter or digit. The characters left
 * out matter: a colon would forge a room name, and `* ? [ ]` would turn a cache key into a pattern.
 */
export const SYMBOL_PATTERN = /^[A-Za-z0-9][A-Za-z0-9&._-]{0,31}$/;

/** Characters of the longest symbol. */
export const MAX_SYMBOL_LENGTH = 32;

/** What {@link SYMBOL_PATTERN} allows, for error messages. */
export const SYMBOL_RULE = '1 to 32 letters, digits or & . _ - and begin with a letter or digit';

export function isSymbol(value: unknown): value is string {
  return typeof value === 'string' && SYMBOL_PATTERN.test(value);
}

/** True for a calendar date `YYYY-MM-DD` that exists (2026-02-30 does not). */
export function isExpiry(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}
