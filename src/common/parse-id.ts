const MAX_ID_LENGTH = 128;

/**
 * Returns the id of a user or token as text; undefined if the value is not a valid id. The platform
 * uses numbers as ids, and other auth services use strings.
 */
export function parseId(value: unknown): string | undefined {
  const id = typeof value === 'number' && Number.isSafeInteger(value) ? `${value}` : value;
  return typeof id === 'string' && id.length > 0 && id.length <= MAX_ID_LENGTH ? id : undefined;
}
