import type { GatewaySocket } from './socket-server.js';

/** More waiting packets than this are too many, however small: it also bounds what looking at them costs. */
const MAX_UNREAD_PACKETS = 10_000;

/**
 * Whether a client has more than `maxBytes` yet to read: packets waiting in engine.io, and bytes waiting in the WebSocket.
 * Source: engine.io's Socket#writeBuffer and the `socket` of its WebSocket transport; untyped, so read with care.
 */
export function isSlow(client: GatewaySocket, maxBytes: number): boolean {
  const { writeBuffer = [], transport } = client.conn as unknown as {
    readonly writeBuffer?: readonly { readonly data?: unknown }[];
    readonly transport?: { readonly socket?: { readonly bufferedAmount?: unknown } };
  };
  if (writeBuffer.length > MAX_UNREAD_PACKETS) return true;
  const buffered = transport?.socket?.bufferedAmount;
  let bytes = typeof buffered === 'number' ? buffered : 0;
  for (const { data } of writeBuffer) {
    if (bytes > maxBytes) break;
    if (typeof data === 'string') bytes += data.length;
  }
  return bytes > maxBytes;
}
