import { beginMessagePack, messagePackPayloads } from '../messagepack/payloads.js';
import { socketIoPackets } from '../socket-io/socket-io-encodings.js';
import type { LinkEncodings } from '../socket-io/socket-io-link.js';
import { BinaryFrames, DeflatedFrames, TextFrames } from '../websocket-frames.js';
import { eventHead, MESSAGE_TAIL } from './messages.js';

/** @param compressAbove messages up to this size are not compressed, bytes */
export function plainJson(compressAbove: number): LinkEncodings {
  return encodingsOf(new TextFrames(eventHead, MESSAGE_TAIL), compressAbove);
}

/** @param compressAbove messages up to this size are not compressed, bytes */
export function plainMessagePack(compressAbove: number): LinkEncodings {
  const head = (event: string): Buffer => beginMessagePack({ event, data: null });
  return encodingsOf(new BinaryFrames(head, messagePackPayloads), compressAbove);
}

function encodingsOf(plain: TextFrames | BinaryFrames, compressAbove: number): LinkEncodings {
  // The transport translates what engine.io's own path takes.
  return {
    packets: socketIoPackets,
    isBinary: false,
    plain,
    deflated: new DeflatedFrames(plain, compressAbove),
  };
}
