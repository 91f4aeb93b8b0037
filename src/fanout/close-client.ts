import { CLOSINGS, type ClosingCode, ServerEvent } from '../contract/index.js';
import type { GatewaySocket } from './socket-server.js';

/** engine.io's `writeBuffer`, and the `socket` of its WebSocket transport; neither is typed. */
interface Internals {
  readonly writeBuffer?: readonly unknown[];
  readonly transport?: {
    readonly name?: unknown;
    readonly socket?: { close?(code: number, reason: string): void };
  };
}

/**
 * Tells a client why, and closes its connection behind all that it was sent. One that is to come back is closed by its
 * connection, not by `socket.disconnect()`: after that a stock client stays away, which is what the others are told.
 *
 * Where engine.io's internals are not as they were, the client is closed as well, without the close code.
 */
export function closeClient(client: GatewaySocket, code: ClosingCode): void {
  const { message, reconnect } = CLOSINGS[code];
  client.emit(ServerEvent.closing, { code, message, reconnect });
  if (!reconnect) client.disconnect();
  closeConnection(client.conn, code);
}

/** The same for a connection whose client may not be in the namespace, and then is told by the close code alone. */
export function closeConnection(conn: GatewaySocket['conn'], code: ClosingCode): void {
  const internals = conn as unknown as Internals;
  // Before `close` does it, which waits for what is in engine.io's buffer as well, but knows no codes.
  const closeWithCode = (): void => {
    if (internals.transport?.name === 'websocket')
      internals.transport.socket?.close?.(CLOSINGS[code].closeCode, code);
  };
  if (internals.writeBuffer?.length === 0) closeWithCode();
  else conn.once('drain', closeWithCode);
  conn.close();
}
