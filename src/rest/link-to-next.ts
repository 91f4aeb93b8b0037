import type { Request } from 'express';
import type { HistoryParameters } from './rest.dto.js';

/**
 * Returns the `Link` header that leads to the next page. Its address is relative to that of the
 * request, because a proxy may have changed the host and the beginning of the path.
 */
export function linkToNext(
  { path }: Pick<Request, 'path'>,
  { request: { from, to, limit, resolution }, format }: HistoryParameters,
  cursor: string,
): string {
  const fields = Object.entries({ from, to, limit, resolution, format, cursor });
  const query = new URLSearchParams();
  for (const [name, value] of fields) if (value !== undefined) query.set(name, String(value));
  // The last part of the path is repeated, because Java resolves an address that has only a query
  // wrongly.
  const last = path.slice(path.lastIndexOf('/') + 1);
  return `<${last}?${query.toString()}>; rel="next"`;
}
