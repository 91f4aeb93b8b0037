import { STATUS_CODES } from 'node:http';

interface HandshakeRejection {
  readonly status: 403 | 429 | 503;
  readonly message: string;
  /** Whether to come again: in any case nobody else is in the way then. */
  readonly retry: boolean;
}

/** Why a new client is not taken: by this replica now (503), for what its address takes already (429), or at all (403). */
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

/** Every reason. */
export type HandshakeRejectionReason = keyof typeof HANDSHAKE_REJECTIONS;

/** Why nobody is taken now, whoever it is: also what makes a replica not ready. */
export type NotReadyReason = Exclude<HandshakeRejectionReason, 'ip_handshakes' | 'ip_connections' | 'origin'>;

/** The longest a refused client is asked to stay away, seconds. */
const MAX_RETRY_AFTER_S = 5;

/** Seconds until a refused client should try again: not the same for all that were refused together. */
export function retryAfterSeconds(random: () => number): number {
  return 1 + Math.floor(random() * MAX_RETRY_AFTER_S);
}

/** What a handshake is answered that is not let in. */
export interface HandshakeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param retryAfterMs when it may try again, where that is known; else some seconds from now, at random */
export function rejectionResponse(
  reason: HandshakeRejectionReason,
  random: () => number,
  retryAfterMs?: number,
): HandshakeResponse {
  const { status, message, retry } = HANDSHAKE_REJECTIONS[reason];
  // So that the next attempt is not bound to this replica by a connection kept open.
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
 * Where engine.io would answer 400. By 404 a balancer knows that this replica is not the one that opened the session, and may
 * ask the next.
 */
export const UNKNOWN_SESSION: HandshakeResponse = jsonResponse(404, {
  code: 1,
  message: 'Session ID unknown',
});

/** What engine.io would answer to a handshake that it does not understand, and the end of the connection. */
export function malformedResponse(code: number, message: string): HandshakeResponse {
  return jsonResponse(400, { code, message }, { Connection: 'close' });
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

/** The same as the bytes to put on a connection that asked for a WebSocket, and is closed then. */
export function rawResponse({ status, headers, body }: HandshakeResponse): string {
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}
