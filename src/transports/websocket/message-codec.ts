import { decodeMessagePack, MessagePackError } from '../messagepack/decode.js';
import { encodeMessagePack } from '../messagepack/encode.js';
import { type ClientMessage, messageFrom, parseMessage, unreadable } from './messages.js';
import { MESSAGEPACK_SUBPROTOCOL } from './plain-upgrade.js';

/** How a client of a plain WebSocket and the gateway write their messages. */
export interface MessageCodec {
  /** Reads a message of the client. */
  read(data: Buffer, isBinary: boolean): ClientMessage;
  /** @param message as JSON */
  write(message: string): string | Buffer;
}

const jsonCodec: MessageCodec = {
  read: (data, isBinary) => (isBinary ? unreadable('binary') : parseMessage(data.toString())),
  write: (message) => message,
};

const messagePackCodec: MessageCodec = {
  read: (data, isBinary) => (isBinary ? readMessagePack(data) : unreadable('text')),
  write: (message) => encodeMessagePack(JSON.parse(message)),
};

/** @param subprotocol that the client and the gateway agreed on; empty if there is none */
export function codecOf(subprotocol: string): MessageCodec {
  return subprotocol === MESSAGEPACK_SUBPROTOCOL ? messagePackCodec : jsonCodec;
}

function readMessagePack(data: Buffer): ClientMessage {
  try {
    return messageFrom(decodeMessagePack(data));
  } catch (error) {
    return unreadable(error instanceof MessagePackError ? error.problem : 'messagepack');
  }
}
