import { CLOSINGS, type ClosingCode, ServerEvent } from '../../contract/index.js';
import { BoundedWebSocket } from './bounded-websocket-server.js';
import {
  type Connection,
  type TransportWebSocket,
  webSocketOf,
  writeBufferOf,
} from './engine-io-internals.js';
import type { GatewaySocket } from './socket-server.js';

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
export function closeConnection(conn: Connection, code: ClosingCode): void {
  const webSocket = webSocketOf(conn);
  // Until the client has answered the close frame, all that it sends would be read.
  if (code === 'RATE_LIMITED' && webSocket instanceof BoundedWebSocket) webSocket.stopReading();
  // Before `close` does it, which waits for what is in engine.io's buffer as well, but knows no codes.
  const closeWithCode = (): void => closeTransport(webSocketOf(conn), code);
  if (writeBufferOf(conn)?.length === 0) closeWithCode();
  else conn.once('drain', closeWithCode);
  conn.close();
}

/** Closes a connection's WebSocket with the close code of the reason. Polling has no close codes. */
export function closeTransport(webSocket: TransportWebSocket | undefined, code: ClosingCode): void {
  webSocket?.close?.(CLOSINGS[code].closeCode, code);
}

/**
 * Closes a WebSocket that floods. Nothing leads from a WebSocket to its client, and a search through all clients would make each closing
 * expensive, so the packets that `closeClient` would send are written here. A client outside the namespace ignores them.
 */
export function closeWebSocket(websocket: BoundedWebSocket, code: ClosingCode): void {
  const { message, reconnect } = CLOSINGS[code];
  websocket.stopReading();
  if (!websocket.isProbing) {
    websocket.send(`42${JSON.stringify([ServerEvent.closing, { code, message, reconnect }])}`);
    if (!reconnect) websocket.send('41');
  }
  closeTransport(websocket, code);
  // Has engine.io close its connection now. Otherwise it would write to the WebSocket until that is gone.
  if (websocket.listenerCount('error') > 0) websocket.emit('error', new Error(code));
}
