import { PacketType } from 'socket.io-parser';
import { CLOSINGS, type ClosingCode, ServerEvent } from '../../contract/index.js';
import { codecOf } from '../websocket/message-codec.js';
import { eventHead, MESSAGE_TAIL } from '../websocket/messages.js';
import { BoundedWebSocket } from './bounded-websocket-server.js';
import { channelOf } from './channel.js';
import { type Connection, webSocketOf, writeBufferOf } from './engine-io-internals.js';
import { usesMessagePack } from './messagepack-clients.js';
import { messagePackEncoder, type SocketIoPacket } from './messagepack-packets.js';
import type { GatewaySocket } from './socket-server.js';

/**
 * Sends a client a `closing` event with the reason, and closes its connection after everything that
 * it was sent. A client that should reconnect is closed through its connection only, because a
 * stock client does not reconnect after `socket.disconnect()`. All others are disconnected that
 * way.
 *
 * If the internals of engine.io have changed, the client is closed without the close code.
 */
export function closeClient(client: GatewaySocket, code: ClosingCode): void {
  const { message, reconnect } = CLOSINGS[code];
  client.emit(ServerEvent.closing, { code, message, reconnect });
  if (!reconnect) client.disconnect();
  closeConnection(client.conn, code);
}

/**
 * Like {@link closeClient}, for a connection that may have no client in the namespace. Then only
 * the close code tells the reason.
 */
export function closeConnection(conn: Connection, code: ClosingCode): void {
  const webSocket = webSocketOf(conn);
  // Otherwise everything that the client sends would be read until it replies to the close frame.
  if (code === 'RATE_LIMITED' && webSocket instanceof BoundedWebSocket) webSocket.stopReading();
  // Close with the code before `conn.close()` closes without one. Both wait for engine.io's buffer.
  const closeWithCode = (): void => channelOf(conn)?.closeWith(code);
  if (writeBufferOf(conn)?.length === 0) closeWithCode();
  else conn.once('drain', closeWithCode);
  conn.close();
}

/**
 * Closes a WebSocket that floods the gateway. A WebSocket has no link to its client, and searching
 * all clients would be expensive. So this writes the packets that `closeClient` would send. A
 * client outside the namespace ignores them.
 */
export function closeWebSocket(websocket: BoundedWebSocket, code: ClosingCode): void {
  const { message, reconnect } = CLOSINGS[code];
  const closing = JSON.stringify({ code, message, reconnect });
  websocket.stopReading();
  if (websocket.isPlain) {
    websocket.send(
      codecOf(websocket.protocol).write(eventHead(ServerEvent.closing) + closing + MESSAGE_TAIL),
    );
  } else if (usesMessagePack(websocket)) {
    const data = [ServerEvent.closing, { code, message, reconnect }];
    websocket.send(packed({ type: PacketType.EVENT, nsp: '/', data }));
    if (!reconnect) websocket.send(packed({ type: PacketType.DISCONNECT, nsp: '/' }));
  } else if (!websocket.isProbing) {
    websocket.send(`42["${ServerEvent.closing}",${closing}]`);
    if (!reconnect) websocket.send('41');
  }
  websocket.close(CLOSINGS[code].closeCode, code);
  // Make engine.io close its connection now. Otherwise it would write to the WebSocket until that
  // is closed.
  if (websocket.listenerCount('error') > 0) websocket.emit('error', new Error(code));
}

function packed(packet: SocketIoPacket): Buffer {
  return messagePackEncoder.encode(packet)[0];
}
