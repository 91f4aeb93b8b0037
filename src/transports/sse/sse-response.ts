import { STATUS_CODES } from 'node:http';
import type { ConnectErrorCode, ConnectErrorData } from '../../contract/index.js';

type Headers = Readonly<Record<string, string>>;

/** The HTTP status for each reason for which a client may not connect. */
const STATUS_OF = {
  AUTH_REQUIRED: 401,
  TOKEN_INVALID: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_REVOKED: 401,
  AUTH_UNAVAILABLE: 503,
  TOO_MANY_CONNECTIONS: 429,
} as const satisfies Record<ConnectErrorCode, number>;

/** The response of a client that was not told within time whether it may connect. */
export const NOT_ADMITTED: ConnectErrorData = {
  code: 'AUTH_UNAVAILABLE',
  message: 'The gateway cannot connect you at the moment. Try again after retry_after_ms.',
  retry_after_ms: 2_000,
};

/**
 * The head of an event stream. The body has no length and no chunks: it ends with the connection, so
 * that all clients get the same bytes, and proxies of HTTP/1.0 pass them on.
 */
export function streamHead(headers: Headers, isGzip: boolean): string {
  return head(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-store, no-transform',
    // nginx would otherwise hold back what it receives.
    'X-Accel-Buffering': 'no',
    ...(isGzip && { 'Content-Encoding': 'gzip' }),
    ...headers,
  });
}

/** The response to a client that may not connect. */
export function rejection({ code, message, retry_after_ms }: ConnectErrorData, headers: Headers): string {
  const statusCode = STATUS_OF[code];
  const waits = retry_after_ms !== undefined;
  const body = JSON.stringify({ statusCode, code, message, ...(waits && { retry_after_ms }) });
  return (
    head(statusCode, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
      ...(statusCode === 401 && { 'WWW-Authenticate': 'Bearer' }),
      ...(waits && { 'Retry-After': String(Math.ceil(retry_after_ms / 1_000)) }),
      ...headers,
    }) + body
  );
}

function head(status: number, headers: Headers): string {
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', ''].join('\r\n');
}
