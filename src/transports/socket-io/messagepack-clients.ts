import type { Socket } from 'socket.io';
import { type Packet, Decoder } from 'socket.io-parser';
import { clientOf, type SocketIoClient, webSocketOf } from './engine-io-internals.js';
import { messagePackEncoder } from './messagepack-packets.js';
import { PacketDecoder } from './packet-parser.js';

/** The connections of clients with MessagePack, and their WebSockets. */
const users = new WeakSet<object>();

/** Whether the client of a connection or of a WebSocket uses MessagePack through Socket.IO. */
export function usesMessagePack(connectionOrWebSocket: object): boolean {
  return users.has(connectionOrWebSocket);
}

/**
 * Middleware of the namespace. It has to be the first one, because the next ones may reject the
 * client. From here on, a client that entered with MessagePack is sent nothing else.
 */
export function answerInMessagePack(socket: Socket, next: () => void): void {
  const client = clientOf(socket);
  // A connection may enter again after it has left, and is the same client then.
  if (
    client?.encoder !== messagePackEncoder &&
    client?.decoder instanceof PacketDecoder &&
    client.decoder.readsMessagePack
  ) {
    note(socket.conn);
    if (socket.conn.transport.name === 'polling') socket.conn.once('upgrade', noteUpgraded);
    client.encoder = messagePackEncoder;
    translateBroadcasts(client);
  }
  next();
}

/**
 * Socket.IO encodes a broadcast once for all clients, as text, with its frame in the options. The
 * fan-out engine has its own encodings, but what it does not carry would not be read by this client.
 */
function translateBroadcasts(client: SocketIoClient): void {
  const write = client.writeToEngine;
  client.writeToEngine = function (this: SocketIoClient, encoded, options) {
    const [text] = Array.isArray(encoded) ? (encoded as unknown[]) : [encoded];
    if (typeof text !== 'string') write.call(this, encoded, options);
    else write.call(this, translated(text), { ...options, wsPreEncodedFrame: undefined });
  };
}

function translated(text: string): Buffer[] {
  const packets: Buffer[] = [];
  const decoder = new Decoder();
  decoder.on('decoded', (packet: Packet) => packets.push(...messagePackEncoder.encode(packet)));
  decoder.add(text);
  return packets;
}

function note(connection: Socket['conn']): void {
  users.add(connection);
  const webSocket = webSocketOf(connection);
  if (webSocket) users.add(webSocket);
}

function noteUpgraded(this: Socket['conn']): void {
  note(this);
}
