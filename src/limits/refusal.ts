import { STATUS_CODES } from 'node:http';

/** Why a new client is not taken now: the reasons of refused handshakes, and of a replica that is not ready. */
export const REFUSALS = {
  draining: 'This replica is leaving service.',
  event_loop_delay: 'This replica is overloaded.',
  memory: 'This replica is short of memory.',
  max_connections: 'This replica has as many clients as it takes.',
  rate: 'Too many clients are connecting at once.',
} as const satisfies Record<string, string>;

export type Refusal = keyof typeof REFUSALS;

/** The longest a refused client is asked to stay away, seconds. */
const MAX_RETRY_AFTER_S = 5;

/** Seconds until a refused client should try again: not the same for all that were refused together. */
export function retryAfterSeconds(random: () => number): number {
  return 1 + Math.floor(random() * MAX_RETRY_AFTER_S);
}

/** What a handshake is answered that is not let in. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function refusalAnswer(reason: Refusal, random: () => number): HandshakeAnswer {
  return jsonAnswer(
    503,
    { message: REFUSALS[reason], reason },
    {
      'Retry-After': `${retryAfterSeconds(random)}`,
      'Access-Control-Expose-Headers': 'Retry-After',
      // So that the next attempt is not bound to this replica by a connection kept open.
      Connection: 'close',
    },
  );
}

/**
 * Where engine.io would answer 400. By 404 a balancer knows that this replica is not the one that opened the session, and may
 * ask the next.
 */
export const UNKNOWN_SESSION: HandshakeAnswer = jsonAnswer(404, { code: 1, message: 'Session ID unknown' });

function jsonAnswer(status: number, content: object, headers: Record<string, string> = {}): HandshakeAnswer {
  const body = JSON.stringify(content);
  const length = `${Buffer.byteLength(body)}`;
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/json', 'Content-Length': length },
    body,
  };
}

/** The same as the bytes to put on a connection that asked for a WebSocket, and is closed then. */
export function rawAnswer({ status, headers, body }: HandshakeAnswer): string {
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}
