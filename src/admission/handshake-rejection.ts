import { STATUS_CODES } from 'node:http';
import type { ErrorDetail } from '../contract/index.js';

interface HandshakeRejection {
  readonly status: 403 | 429 | 503;
  readonly message: string;
  /** Whether the client should try again later: false if a retry cannot succeed. */
  readonly retry: boolean;
}

/**
 * Why a new client is refused: this replica cannot admit it now (503), its address has reached a
 * limit (429), or its origin is not allowed (403).
 */
export const HANDSHAKE_REJECTIONS = {
  draining: {
    status: 503,
    message: 'This replica is shutting down. Try again to reach another one.',
    retry: true,
  },
  event_loop_delay: {
    status: 503,
    message: 'This replica is overloaded. Try again after retry_after_ms.',
    retry: true,
  },
  memory: {
    status: 503,
    message: 'This replica is short of memory. Try again after retry_after_ms.',
    retry: true,
  },
  max_connections: {
    status: 503,
    message: 'This replica has reached its connection limit. Try again after retry_after_ms.',
    retry: true,
  },
  rate: {
    status: 503,
    message: 'Too many clients are connecting at the same time. Try again after retry_after_ms.',
    retry: true,
  },
  ip_handshakes: {
    status: 429,
    message: 'Too many connection attempts from your IP address. Try again after retry_after_ms.',
    retry: true,
  },
  ip_connections: {
    status: 429,
    message:
      'Connection limit reached for your IP address. Close another connection, or try again after retry_after_ms.',
    retry: true,
  },
  origin: {
    status: 403,
    message: 'Pages of this origin may not connect. Ask the operator of the gateway to allow the origin.',
    retry: false,
  },
} as const satisfies Record<string, HandshakeRejection>;

export type HandshakeRejectionReason = keyof typeof HANDSHAKE_REJECTIONS;

/** The reasons for which every new client is refused. They also make the replica not ready. */
export type NotReadyReason = Exclude<HandshakeRejectionReason, 'ip_handshakes' | 'ip_connections' | 'origin'>;

/** The longest time that a refused client is asked to wait, seconds. */
const MAX_RETRY_AFTER_S = 5;

/**
 * The time until a refused client should try again, seconds. It is random, so that clients that
 * were refused together do not return together.
 */
function retryAfterSeconds(random: () => number): number {
  return 1 + Math.floor(random() * MAX_RETRY_AFTER_S);
}

/** The HTTP response to a refused handshake. */
export interface HandshakeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Builds the response to a refused handshake.
 * @param retryAfterMs the time until the client may try again, ms; if left out, a random time of a
 * few seconds
 */
export function rejectionResponse(
  reason: HandshakeRejectionReason,
  random: () => number,
  retryAfterMs?: number,
): HandshakeResponse {
  const { status, message, retry } = HANDSHAKE_REJECTIONS[reason];
  // Close the connection: a load balancer would otherwise send the next attempt to this replica
  // over the same keep-alive connection.
  const headers = { Connection: 'close' };
  if (!retry) return jsonResponse(status, { message, reason }, headers);
  const seconds =
    retryAfterMs === undefined ? retryAfterSeconds(random) : Math.max(1, Math.ceil(retryAfterMs / 1_000));
  return jsonResponse(
    status,
    { message, reason, retry_after_ms: seconds * 1_000 },
    { ...headers, 'Retry-After': `${seconds}`, 'Access-Control-Expose-Headers': 'Retry-After' },
  );
}

/**
 * engine.io would answer 400 here. A 404 tells a load balancer that another replica opened the
 * session, so that it may try the next replica.
 */
export const UNKNOWN_SESSION: HandshakeResponse = jsonResponse(404, {
  code: 1,
  message: 'Session ID unknown',
});

/**
 * Builds the response that engine.io would send to a malformed handshake, and closes the
 * connection.
 */
export function malformedResponse(code: number, message: string): HandshakeResponse {
  return jsonResponse(400, { code, message }, { Connection: 'close' });
}

/** Builds the response to a request for an event stream of which a field is wrong. */
export function invalidResponse({ field, problem }: ErrorDetail): HandshakeResponse {
  const message = 'The request is not valid. Correct what `details` says, then try again.';
  const content = { statusCode: 400, code: 'INVALID_PAYLOAD', message, details: [{ field, problem }] };
  return jsonResponse(400, content, { Connection: 'close' });
}

function jsonResponse(
  status: number,
  content: object,
  headers: Record<string, string> = {},
): HandshakeResponse {
  const body = JSON.stringify(content);
  const length = `${Buffer.byteLength(body)}`;
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/json', 'Content-Length': length },
    body,
  };
}

/**
 * The response as the bytes to write to a connection that asked for a WebSocket, which is then
 * closed.
 */
export function rawResponse({ status, headers, body }: HandshakeResponse): string {
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}
