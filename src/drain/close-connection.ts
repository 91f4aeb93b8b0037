import { CLOSINGS, ServerEvent } from '../contract/index.js';
import type { GatewaySocket } from '../fanout/socket-server.js';

/** engine.io's `writeBuffer`, and the `socket` of its WebSocket transport; neither is typed. */
interface Internals {
  readonly writeBuffer?: readonly unknown[];
  readonly transport?: {
    readonly name?: unknown;
    readonly socket?: { close?(code: number, reason: string): void };
  };
}

/**
 * Tells a client that this replica leaves service, and closes its connection behind all that it was sent. By the
 * connection, not `socket.disconnect()`: after that a stock client would not come back.
 *
 * Where engine.io's internals are not as they were, the client is closed as well, without the close code.
 */
export function closeForDrain(client: GatewaySocket): void {
  const { message, reconnect, closeCode } = CLOSINGS.DRAINING;
  client.emit(ServerEvent.closing, { code: 'DRAINING', message, reconnect });
  const { conn } = client;
  const internals = conn as unknown as Internals;
  // Before `close` does it, which waits for what is in engine.io's buffer as well, but knows no codes.
  const closeWithCode = (): void => {
    if (internals.transport?.name === 'websocket') internals.transport.socket?.close?.(closeCode, 'DRAINING');
  };
  if (internals.writeBuffer?.length === 0) closeWithCode();
  else conn.once('drain', closeWithCode);
  conn.close();
}
