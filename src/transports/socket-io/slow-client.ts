import { linkOf } from './fanout-adapter.js';
import type { GatewaySocket } from './socket-server.js';

/** More waiting packets than this are too many, however small they are. */
const MAX_UNREAD_PACKETS = 10_000;

/**
 * Whether a client has more than `maxBytes` yet to read: packets that wait in engine.io, and bytes
 * that wait in the TCP socket. A client without a link has left, and nothing more is sent to it.
 */
export function isSlow(client: GatewaySocket, maxBytes: number): boolean {
  const link = linkOf(client);
  if (!link) return false;
  return (link.waitingPackets ?? 0) > MAX_UNREAD_PACKETS || link.waiting > maxBytes;
}
