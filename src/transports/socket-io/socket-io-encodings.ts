import type { Encoding } from '../../fanout/encoding.js';
import { beginMessagePack, messagePackPayloads } from '../messagepack/payloads.js';
import { BinaryFrames, DeflatedFrames, TextFrames } from '../websocket-frames.js';
import type { LinkEncodings } from './socket-io-link.js';

/** The text of a Socket.IO packet before its payload: an event of the main namespace. */
function headOf(event: string): string {
  return `2${JSON.stringify([event]).slice(0, -1)},`;
}

const TAIL = ']';

/** engine.io's packet type "message". */
const MESSAGE = '4';

/**
 * The separator between two packets of a long-polling payload, followed by the packet type of the
 * next one.
 */
const NEXT_PACKET = `\x1e${MESSAGE}`;

/** The Socket.IO packet as text, for the transport's own path. */
export const socketIoPackets: Encoding<string> = {
  encode: ({ event, text }) => headOf(event) + text + TAIL,
  join: (packets) => packets.join(NEXT_PACKET),
};

/** The Socket.IO packet in a frame of a WebSocket. */
export const socketIoFrames = new TextFrames((event) => MESSAGE + headOf(event), TAIL);

/** @param compressAbove messages up to this size are not compressed, bytes */
export function socketIoEncodings(compressAbove: number): LinkEncodings {
  return {
    packets: socketIoPackets,
    isBinary: false,
    plain: socketIoFrames,
    deflated: new DeflatedFrames(socketIoFrames, compressAbove),
  };
}

/** The MessagePack of a Socket.IO packet before its payload. */
function binaryHeadOf(event: string): Buffer {
  return beginMessagePack({ type: 2, nsp: '/', data: [event, null] });
}

/** The Socket.IO packet as MessagePack, in a frame of a WebSocket. */
const messagePackFrames = new BinaryFrames(binaryHeadOf, messagePackPayloads);

/** The Socket.IO packet as MessagePack, for the transport's own path. */
const messagePackPackets: Encoding<Buffer> = {
  encode: (message) => Buffer.concat([binaryHeadOf(message.event), message.in(messagePackPayloads)]),
  join: (packets) => Buffer.concat(packets),
};

/** @param compressAbove messages up to this size are not compressed, bytes */
export function socketIoMessagePack(compressAbove: number): LinkEncodings {
  return {
    packets: messagePackPackets,
    isBinary: true,
    plain: messagePackFrames,
    deflated: new DeflatedFrames(messagePackFrames, compressAbove),
  };
}
