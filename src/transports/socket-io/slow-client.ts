import { linkOf } from './fanout-adapter.js';
import type { GatewaySocket } from './socket-server.js';

/** More waiting packets than this are too many, however small they are. */
const MAX_UNREAD_PACKETS = 10_000;

/**
 * Whether more than `maxBytes` wait for a client, in engine.io and in its TCP socket, or too many
 * packets. A client without a link has disconnected, and is sent nothing more.
 */
export function isSlow(client: GatewaySocket, maxBytes: number): boolean {
  const link = linkOf(client);
  if (!link) return false;
  return (link.waitingPackets ?? 0) > MAX_UNREAD_PACKETS || link.waiting > maxBytes;
}
