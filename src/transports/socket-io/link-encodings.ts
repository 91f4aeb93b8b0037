import type { LocalOffset } from '../../contract/index.js';
import { sseEncodings } from '../sse/sse-encodings.js';
import { SseTransport } from '../sse/sse-transport.js';
import { plainJson, plainMessagePack } from '../websocket/plain-encodings.js';
import { PlainWebSocketTransport } from '../websocket/plain-websocket-transport.js';
import type { Connection } from './engine-io-internals.js';
import { usesMessagePack } from './messagepack-clients.js';
import { socketIoEncodings, socketIoMessagePack } from './socket-io-encodings.js';
import type { LinkEncodings } from './socket-io-link.js';

/**
 * Makes the function that chooses how messages are written to a client that has entered. All
 * clients of a kind have the same encodings, so that they share frames.
 * @param compressAbove messages up to this size are not compressed, bytes
 * @param offsetOf the offset of timestamps that name no zone
 */
export function linkEncodings(
  compressAbove: number,
  offsetOf: LocalOffset | undefined,
): (connection: Connection) => LinkEncodings {
  const socketIo = {
    json: socketIoEncodings(compressAbove),
    messagePack: socketIoMessagePack(compressAbove),
  };
  const plain = { json: plainJson(compressAbove), messagePack: plainMessagePack(compressAbove) };
  const sse = sseEncodings(offsetOf, compressAbove);
  return (connection) => {
    const { transport } = connection;
    if (transport instanceof PlainWebSocketTransport) {
      return transport.usesMessagePack ? plain.messagePack : plain.json;
    }
    if (transport instanceof SseTransport) return sse;
    return usesMessagePack(connection) ? socketIo.messagePack : socketIo.json;
  };
}
