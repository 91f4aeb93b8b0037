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

export interface RefusalAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a refused handshake is answered, with status 503. */
export function refusalAnswer(reason: Refusal, random: () => number): RefusalAnswer {
  const body = JSON.stringify({ message: REFUSALS[reason], reason });
  return {
    headers: {
      'Retry-After': `${retryAfterSeconds(random)}`,
      'Access-Control-Expose-Headers': 'Retry-After',
      'Content-Type': 'application/json',
      'Content-Length': `${Buffer.byteLength(body)}`,
      // So that the next attempt is not bound to this replica by a connection kept open.
      Connection: 'close',
    },
    body,
  };
}

/** The same as the bytes to put on a connection that asked for a WebSocket. */
export function rawRefusal(reason: Refusal, random: () => number): string {
  const { headers, body } = refusalAnswer(reason, random);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return ['HTTP/1.1 503 Service Unavailable', ...lines, '', body].join('\r\n');
}
