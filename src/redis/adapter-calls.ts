/**
 * The calls that may cross replicas, in the format of `@socket.io/redis-adapter`: requests to find
 * sockets, responses to them, and requests to disconnect sockets. No other call is sent or
 * executed, so a new one must be added here first.
 *
 * Market data and everything else that clients receive stays on its replica (`server.local`).
 */
export type CallKind = 'request' | 'response';

/** Values of `RequestType` in `@socket.io/redis-adapter`. */
const REMOTE_DISCONNECT = 4;
const REMOTE_FETCH = 5;

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;

/** Names are short. They do not come from users, so the limit only protects memory. */
const isName: Check = (value) => typeof value === 'string' && value.length > 0 && value.length <= 256;
const isNames: Check = (value) => Array.isArray(value) && value.every(isName);
const isEmpty: Check = (value) => isRecord(value) && Object.keys(value).length === 0;
const is =
  (expected: unknown): Check =>
  (value) =>
    value === expected;
const has =
  (shape: Shape): Check =>
  (value) => {
    if (!isRecord(value)) return false;
    const names = Object.keys(value);
    return names.length === Object.keys(shape).length && names.every((name) => hasOwn(shape, name, value));
  };

const isSelection = has({ rooms: isNames, except: isNames });
const isSocket = has({ id: isName, rooms: isNames, handshake: isEmpty, data: isEmpty });

const CALLS: Readonly<Record<CallKind, readonly Check[]>> = {
  request: [
    has({
      uid: isName,
      type: is(REMOTE_DISCONNECT),
      opts: isSelection,
      close: (value) => typeof value === 'boolean',
    }),
    has({ uid: isName, requestId: isName, type: is(REMOTE_FETCH), opts: isSelection }),
  ],
  response: [
    has({
      requestId: isName,
      sockets: (value) => Array.isArray(value) && value.every((entry) => isSocket(entry)),
    }),
  ],
};

/** Whether `text` is one of the calls. Checks every field, and never throws. */
export function isCall(kind: CallKind, text: string): boolean {
  const call = parse(text);
  return CALLS[kind].some((check) => check(call));
}

/**
 * Removes from an outgoing call what other replicas do not need. A handshake contains tokens and
 * addresses, which everyone with access to Redis could read.
 * @returns the call's JSON text
 * @throws Error if it is none of the calls
 */
export function outgoingCall(kind: CallKind, message: unknown): string {
  const call = typeof message === 'string' ? parse(message) : undefined;
  if (kind === 'response' && isRecord(call) && Array.isArray(call.sockets)) {
    call.sockets = call.sockets.map((socket: Record<string, unknown>) => ({
      id: socket.id,
      rooms: socket.rooms,
      handshake: {},
      data: {},
    }));
  }
  const text = JSON.stringify(call);
  if (call !== undefined && isCall(kind, text)) return text;
  throw new Error(
    'This call does not cross replicas. Use server.local, or add it to src/redis/adapter-calls.ts.',
  );
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

function hasOwn(shape: Shape, name: string, value: Record<string, unknown>): boolean {
  return Object.hasOwn(shape, name) && shape[name]!(value[name]);
}
