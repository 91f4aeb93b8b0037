import type { Request } from 'express';

/**
 * Returns the type that a client prefers by its Accept header, or undefined if it accepts none. A
 * client that accepts anything, as curl and browsers do, gets the first one.
 *
 * Express compares parameters exactly, so that `text/plain;version=0.0.4` would not match
 * `text/plain`. So all parameters except the rank `q` are removed.
 * @param types media types, or their names as Express knows them, such as `json`
 */
export function preferredType<T extends string>(request: Request, types: readonly T[]): T | undefined {
  const { accept } = request.headers;
  if (accept !== undefined) request.headers.accept = accept.replace(/;\s*(?!q=)[^;,]*/gi, '');
  const type = request.accepts([...types]);
  return types.find((one) => one === type);
}
