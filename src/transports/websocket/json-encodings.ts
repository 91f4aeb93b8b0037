import { socketIoPackets } from '../socket-io/socket-io-encodings.js';
import type { LinkEncodings } from '../socket-io/socket-io-link.js';
import { DeflatedFrames, TextFrames } from '../websocket-frames.js';
import { eventHead, MESSAGE_TAIL } from './messages.js';

/** @param compressAbove messages up to this size are not compressed, bytes */
export function jsonEncodings(compressAbove: number): LinkEncodings {
  const plain = new TextFrames(eventHead, MESSAGE_TAIL);
  // The transport translates what engine.io's own path takes.
  return { packets: socketIoPackets, plain, deflated: new DeflatedFrames(plain, compressAbove) };
}
