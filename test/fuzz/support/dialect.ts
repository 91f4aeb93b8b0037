import { decode, encode } from '../../support/messagepack.js';
import { frame, OPCODE, textFrame } from './frames.js';

/** How a WebSocket connects and enters. */
export interface Dialect {
  readonly path: string;
  /** A line of the upgrade request; may be empty. */
  readonly header: string;
  /** What it sends to enter. */
  readonly entry: Buffer;
  /** Whether a message of the gateway says that it has entered. */
  readonly isEntered: (message: Buffer, opcode: number) => boolean;
}

const SOCKET_IO_PATH = '/socket.io/?EIO=4&transport=websocket';
const binaryFrame = (value: unknown): Buffer => frame(encode(value), { opcode: OPCODE.binary });
const startsWith = (start: string) => (message: Buffer) => message.toString().startsWith(start);

export const SOCKET_IO: Dialect = {
  path: SOCKET_IO_PATH,
  header: '',
  entry: textFrame('40'),
  isEntered: startsWith('40{'),
};

export const PLAIN: Dialect = {
  path: '/ws',
  header: '',
  entry: textFrame('{"event":"auth"}'),
  isEntered: startsWith('{"event":"connected"'),
};

export const SOCKET_IO_MESSAGEPACK: Dialect = {
  path: SOCKET_IO_PATH,
  header: '',
  entry: binaryFrame({ type: 0, nsp: '/' }),
  isEntered: (message, opcode) =>
    opcode === OPCODE.binary && (decode(message) as { readonly type?: unknown }).type === 0,
};

export const PLAIN_MESSAGEPACK: Dialect = {
  path: '/ws',
  header: 'Sec-WebSocket-Protocol: deltastream.v1.msgpack\r\n',
  entry: binaryFrame({ event: 'auth' }),
  isEntered: (message, opcode) =>
    opcode === OPCODE.binary && (decode(message) as { readonly event?: unknown }).event === 'connected',
};
