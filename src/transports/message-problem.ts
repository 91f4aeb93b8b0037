import type { ErrorDetail } from '../contract/index.js';

/**
 * The event under which a transport passes on a message that it cannot read, with a key of {@link
 * MESSAGE_PROBLEMS} as its data. So the message takes the way of all others: it is counted, waits
 * for its turn, and is answered with an `error`.
 */
export const UNREADABLE_MESSAGE = '';

/** What can be wrong with a message as a whole. */
export const MESSAGE_PROBLEMS = {
  binary: { field: 'message', problem: 'must be sent as text, not as binary data' },
  text: { field: 'message', problem: 'must be sent as binary data, because you chose MessagePack' },
  messagepack: {
    field: 'message',
    problem:
      'must be one value of MessagePack, made of maps with different text keys, lists, text, numbers, booleans and nil',
  },
  packet: {
    field: 'message',
    problem:
      'must be a packet of Socket.IO such as {"type": 2, "nsp": "/", "data": ["get_products"], "id": 1}',
  },
  json: { field: 'message', problem: 'must be JSON' },
  object: { field: 'message', problem: 'must be an object such as {"event": "get_products", "id": 1}' },
  event: { field: 'event', problem: 'must be the name of an event, as text' },
  id: { field: 'id', problem: 'must be a whole number from 0 to 9007199254740991' },
  nesting: { field: 'data', problem: 'must not be nested so deeply' },
} as const satisfies Record<string, ErrorDetail>;

export type MessageProblem = keyof typeof MESSAGE_PROBLEMS;

/** What is wrong with a message, if `data` is a key of {@link MESSAGE_PROBLEMS}. */
export function messageProblem(data: unknown): ErrorDetail | undefined {
  if (typeof data !== 'string' || !Object.hasOwn(MESSAGE_PROBLEMS, data)) return undefined;
  return MESSAGE_PROBLEMS[data as MessageProblem];
}
