import { PacketType } from 'socket.io-parser';
import { decodeMessagePack, MessagePackError } from '../messagepack/decode.js';
import { encodeMessagePack } from '../messagepack/encode.js';
import { isMessageId, isReservedEvent } from '../message-rules.js';
import { type MessageProblem, UNREADABLE_MESSAGE } from '../message-problem.js';

/*
 * The packets of Socket.IO as MessagePack: maps of `type`, `nsp`, `data` and perhaps `id`, as
 * `socket.io-msgpack-parser` writes and reads them.
 */

/** A packet that was read. */
export interface SocketIoPacket {
  readonly type: PacketType;
  readonly nsp: string;
  readonly data?: unknown;
  readonly id?: number | undefined;
}

const MAIN_NAMESPACE = '/';

/** A map of up to 15 fields, of which the first one is `type`. */
const FIRST_FIELD = Buffer.from('\xa4type', 'latin1');
const MIN_MAP = 0x80;
const MAX_MAP = 0x8f;
/** The largest number that is one byte. */
const MAX_FIXED_INTEGER = 0x7f;

/**
 * Whether bytes begin like a packet of a type, as every known library writes it. The whole packet
 * is then of this type, or {@link readPacket} makes an unreadable event of it.
 */
export function beginsLike(type: PacketType, bytes: Uint8Array): boolean {
  return leadingTypeOf(bytes) === type;
}

/** Whether bytes are a packet with which a client enters a namespace, however they are written. */
export function asksToEnter(bytes: Buffer): boolean {
  const type = leadingTypeOf(bytes);
  return type === undefined ? readConnect(bytes) !== undefined : type === PacketType.CONNECT;
}

/** The type with which a packet begins; undefined if it is written in another way. */
function leadingTypeOf(bytes: Uint8Array): PacketType | undefined {
  const { length } = FIRST_FIELD;
  if (bytes[0]! < MIN_MAP || bytes[0]! > MAX_MAP) return undefined;
  if (!FIRST_FIELD.every((byte, n) => bytes[n + 1] === byte)) return undefined;
  const type = bytes[length + 1];
  return type !== undefined && type <= MAX_FIXED_INTEGER ? type : undefined;
}

/** The packet with which a client enters; undefined if the bytes are anything else. */
export function readConnect(bytes: Buffer): SocketIoPacket | undefined {
  const packet = readPacket(bytes);
  return packet.type === PacketType.CONNECT ? packet : undefined;
}

/** Reads a packet. Of one that cannot be read it makes an event that says what is wrong. */
export function readPacket(bytes: Buffer): SocketIoPacket {
  let packet: unknown;
  try {
    packet = decodeMessagePack(bytes);
  } catch (error) {
    return unreadablePacket(error instanceof MessagePackError ? error.problem : 'messagepack');
  }
  if (!isFields(packet) || typeof packet.nsp !== 'string') return unreadablePacket('packet');
  const { type, nsp, id } = packet;
  // Python's library writes nil for what is missing.
  const data = packet.data ?? undefined;
  if (id !== undefined && id !== null && !isMessageId(id)) return unreadablePacket('id');
  const known = isMessageId(id) ? id : undefined;
  switch (type) {
    case PacketType.EVENT:
      if (!Array.isArray(data)) return unreadablePacket('packet', known);
      if (!isEventName(data[0])) return unreadablePacket('event', known);
      return { type, nsp, data, id: known };
    case PacketType.ACK:
      if (!Array.isArray(data) || known === undefined) break;
      return { type, nsp, data, id: known };
    case PacketType.CONNECT:
      if (data !== undefined && !isFields(data)) break;
      return { type, nsp, data: data ?? {} };
    case PacketType.DISCONNECT:
      return { type, nsp };
  }
  return unreadablePacket('packet', known);
}

export function unreadablePacket(problem: MessageProblem, id?: number): SocketIoPacket {
  return { type: PacketType.EVENT, nsp: MAIN_NAMESPACE, data: [UNREADABLE_MESSAGE, problem], id };
}

/** Writes a packet as MessagePack, with the fields that every client's parser reads. */
export const messagePackEncoder = {
  encode: ({ type, nsp, data, id }: SocketIoPacket): [Buffer] => [encodeMessagePack({ type, nsp, data, id })],
};

function isEventName(name: unknown): boolean {
  return typeof name === 'string' && name !== UNREADABLE_MESSAGE && !isReservedEvent(name);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
