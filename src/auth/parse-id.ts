const MAX_ID_LENGTH = 128;

/** The id of a user or token, as text; undefined for what is none. The platform's are numbers, others' are strings. */
export function parseId(value: unknown): string | undefined {
  const id = typeof value === 'number' && Number.isSafeInteger(value) ? `${value}` : value;
  return typeof id === 'string' && id.length > 0 && id.length <= MAX_ID_LENGTH ? id : undefined;
}
