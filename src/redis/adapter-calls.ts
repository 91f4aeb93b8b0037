/**
 * The one call that crosses replicas, in the format of `@socket.io/redis-adapter`: an event between
 * servers with a message of `ReplicaBus`. No other call is sent or executed: sockets are not found,
 * moved or disconnected through Redis.
 *
 * Market data and everything else that clients receive stays on its replica (`server.local`).
 */
import { REPLICA_EVENT } from '../transports/socket-io/socket-server.js';

/** The channels of the adapter. Nothing is sent as a response: `ReplicaBus` answers by messages. */
export type CallKind = 'request' | 'response';

/** Value of `RequestType` in `@socket.io/redis-adapter`. */
const SERVER_SIDE_EMIT = 6;

/** The adapter's own names are short. The limit only protects memory. */
const MAX_UID_LENGTH = 256;

/** Whether `text` is that call. Checks every field of the call itself, and never throws. */
export function isCall(kind: CallKind, text: string): boolean {
  return kind === 'request' && isReplicaEvent(parse(text));
}

/**
 * @returns the call's JSON text
 * @throws Error if it is not that call
 */
export function outgoingCall(kind: CallKind, message: unknown): string {
  if (typeof message === 'string' && isCall(kind, message)) return message;
  throw new Error('This call does not cross replicas. Use server.local, or ReplicaBus.');
}

function isReplicaEvent(call: unknown): boolean {
  if (!isRecord(call) || Object.keys(call).length !== 3) return false;
  const { uid, type, data } = call;
  if (typeof uid !== 'string' || uid.length === 0 || uid.length > MAX_UID_LENGTH) return false;
  if (type !== SERVER_SIDE_EMIT || !Array.isArray(data) || data.length !== 2) return false;
  const [event, message] = data as unknown[];
  return event === REPLICA_EVENT && isRecord(message);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
