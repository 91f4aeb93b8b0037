import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { Server as TcpServer, Socket as TcpSocket } from 'node:net';
import type { Server, Socket } from 'socket.io';
import * as ws from 'ws';

/*
 * Everything that the gateway uses of engine.io, ws, Socket.IO and Node's TCP sockets and that is
 * missing from their types or documentation. Each accessor checks what it finds, so that an upgrade which moves a
 * member costs what its comment says, and nothing else. `engine-io-internals.spec.ts` pins each one
 * against connections of the installed libraries.
 */

/** A client's connection in engine.io. */
export type Connection = Socket['conn'];

// ---- engine.io: a connection

/**
 * A packet in engine.io. A connection's 'packetCreate' listeners receive it before it is buffered.
 */
export interface EnginePacket {
  readonly type: string;
  readonly data?: unknown;
  readonly options?: unknown;
}

/** Set in the options of packets whose frame a link has made, in the encoding of its client. */
const FROM_LINK = Symbol('from link');

/**
 * The options with which a link gives engine.io a packet and its bytes on the wire.
 * Source: `wsPreEncodedFrame`, which engine.io's WebSocket writes in place of the packet.
 */
export function withFrame(frame: Buffer): object {
  return { compress: false, wsPreEncodedFrame: [frame], [FROM_LINK]: true };
}

/**
 * The bytes on the wire of a packet from {@link withFrame}; undefined for every other packet. What
 * Socket.IO broadcasts itself has a frame too, which is for its own WebSockets.
 * Source: engine.io passes the options of `Socket#write` on. Without it, the transport makes the
 * bytes again.
 */
export function preEncodedOf({ options }: EnginePacket): readonly Buffer[] | undefined {
  const { wsPreEncodedFrame: frame, [FROM_LINK]: isFromLink } = (options ?? {}) as {
    readonly wsPreEncodedFrame?: unknown;
    readonly [FROM_LINK]?: unknown;
  };
  return isFromLink === true && Array.isArray(frame) ? (frame as Buffer[]) : undefined;
}

/**
 * The packets that the transport was not ready to take, in order.
 * Source: `Socket#writeBuffer` of engine.io. Without it, every frame goes through engine.io, and a
 * client is closed without its close code unless a 'drain' event follows.
 */
export function writeBufferOf(connection: object): readonly unknown[] | undefined {
  const { writeBuffer } = connection as { readonly writeBuffer?: unknown };
  return Array.isArray(writeBuffer) ? writeBuffer : undefined;
}

/**
 * Whether an upgrade from polling to WebSocket is in progress.
 * Source: `Socket#upgrading` of engine.io. Without it, every frame goes through engine.io.
 */
export function isUpgrading(connection: object): boolean | undefined {
  const { upgrading } = connection as { readonly upgrading?: unknown };
  return typeof upgrading === 'boolean' ? upgrading : undefined;
}

/** A connection that engine.io can be told to ping. */
export interface PacketSender {
  sendPacket(type: string): void;
}

/**
 * Whether a packet of any type, such as a ping, can be sent on the connection. Source:
 * `Socket#sendPacket` of engine.io. Without it, first pings are not spread over the interval.
 */
export function canSendPacket<T extends object>(connection: T): connection is T & PacketSender {
  return 'sendPacket' in connection && typeof connection.sendPacket === 'function';
}

/** The WebSocket of a transport, as far as it can be relied on. */
export interface TransportWebSocket {
  readonly readyState?: unknown;
  readonly extensions?: unknown;
  send?(text: string): void;
  close?(code: number, reason: string): void;
}

/**
 * The WebSocket of a connection; undefined while its transport is another one.
 * Source: `socket` of engine.io's WebSocket transport. Without it, every frame goes through
 * engine.io, and clients are closed without a close code.
 */
export function webSocketOf({ transport }: Connection): TransportWebSocket | undefined {
  // Two reads, since `name` is documented and `socket` is not.
  const { name, socket } = transport as { readonly name: unknown; readonly socket?: unknown };
  return name === 'websocket' && typeof socket === 'object' && socket !== null ? socket : undefined;
}

/**
 * Sets how long a closed polling session may take to fetch its last packets, in ms.
 * Source: `closeTimeout` of engine.io's polling transport. Without it, engine.io waits for 30 s.
 */
export function setPollingCloseTimeout({ transport }: { readonly transport: object }, ms: number): void {
  if ('closeTimeout' in transport) transport.closeTimeout = ms;
}

/** The polling transport of a session. */
export interface PollingTransport {
  /** The longest body that it accepts, in bytes. Beyond it, engine.io responds with 413. */
  maxHttpBufferSize: number;
}

/**
 * The polling transport of the session of this id; undefined if there is none.
 * Source: `clients` of engine.io's server, and `maxHttpBufferSize` of its polling transport, which
 * it compares with each chunk of a body. Without them, a body may be as long as one message.
 */
export function pollingTransportOf(engine: object, sid: string): PollingTransport | undefined {
  const { clients } = engine as {
    readonly clients?: Readonly<Record<string, Partial<Connection> | undefined>>;
  };
  const transport = clients?.[sid]?.transport;
  if (transport?.name !== 'polling') return undefined;
  const { maxHttpBufferSize } = transport as { readonly maxHttpBufferSize?: unknown };
  return typeof maxHttpBufferSize === 'number' ? (transport as unknown as PollingTransport) : undefined;
}

// ---- engine.io: a handshake

/** The parameters of a request's address. Of several with the same name, it has the last. */
export type HandshakeQuery = Readonly<Record<string, string | undefined>>;

/**
 * The parameters that engine.io has parsed before it calls a middleware or the WebSocket server.
 * Source: `IncomingMessage#_query`, set by engine.io. Without it, no handshake is accepted.
 */
export function queryOf(request: IncomingMessage): HandshakeQuery {
  const { _query: query } = request as { readonly _query?: HandshakeQuery };
  return query ?? {};
}

/** Sets the parameters of a request before engine.io parses them; it keeps those it finds. */
export function setQuery(request: IncomingMessage, query: HandshakeQuery): void {
  Object.assign(request, { _query: query });
}

/**
 * The WebSocket of an upgrade request, when a transport is created for it.
 * Source: `IncomingMessage#websocket`, set by engine.io.
 * @throws Error without it: engine.io rejects the request
 */
export function upgradedWebSocketOf<T extends ws.WebSocket>(request: IncomingMessage): T {
  const { websocket } = request as { readonly websocket?: unknown };
  if (!(websocket instanceof ws.WebSocket)) throw new Error('engine.io sets no IncomingMessage#websocket');
  return websocket as T;
}

/**
 * The TCP socket of a request that was handed over, when a transport is created for it. The WebSocket
 * server passes it on in place of a WebSocket.
 * Source: as above.
 * @throws Error without it: engine.io rejects the request
 */
export function takenSocketOf(request: IncomingMessage): TcpSocket {
  const { websocket } = request as { readonly websocket?: unknown };
  if (!(websocket instanceof TcpSocket)) throw new Error('engine.io sets no IncomingMessage#websocket');
  return websocket;
}

/**
 * The headers that middleware has set for the response to an upgrade request.
 * Source: the symbol `responseHeaders` with which engine.io keeps them at the request. Without it,
 * event streams and rejected upgrades have no CORS headers.
 */
export function responseHeadersOf(request: IncomingMessage): Readonly<Record<string, string>> {
  const key = Object.getOwnPropertySymbols(request).find(
    ({ description }) => description === 'responseHeaders',
  );
  const headers: unknown = key && Reflect.get(request, key);
  return typeof headers === 'object' && headers !== null ? (headers as Record<string, string>) : {};
}

/**
 * Has engine.io create the transport of this name, for requests whose query names it.
 * Source: `Server#createTransport` of engine.io, a protected method.
 * @throws Error without it: the transport could not be offered
 */
export function addTransport(
  engine: object,
  added: string,
  create: (request: IncomingMessage) => object,
): void {
  const { createTransport } = engine as { readonly createTransport?: unknown };
  if (typeof createTransport !== 'function') throw new Error('engine.io has no Server#createTransport');
  Object.assign(engine, {
    createTransport: (name: string, request: IncomingMessage): unknown =>
      name === added ? create(request) : Reflect.apply(createTransport, engine, [name, request]),
  });
}

/**
 * Whether engine.io has a session of this id.
 * Source: `clients` of engine.io's server, a record by id. Without it, every session counts as
 * known, and engine.io itself rejects the unknown ones.
 */
export function hasSession(engine: object, sid: string): boolean {
  const { clients } = engine as { readonly clients?: unknown };
  return typeof clients !== 'object' || clients === null || Object.hasOwn(clients, sid);
}

/**
 * Whether a WebSocket may take over the session of this id: it still polls, and no other WebSocket
 * is taking it over. Source: `clients` of engine.io's server. Without it, engine.io itself closes
 * the WebSocket, after the upgrade.
 */
export function mayBeUpgraded(engine: object, sid: string): boolean {
  const { clients } = engine as { readonly clients?: Readonly<Record<string, Connection | undefined>> };
  const connection = clients?.[sid];
  if (!connection) return true;
  return connection.transport.name === 'polling' && isUpgrading(connection) !== true;
}

/**
 * Has engine.io's response to an upgrade let go of its request, which it otherwise keeps for as
 * long as the connection lives. Source: `WebSocketResponse#req` of engine.io. Without it, an idle
 * client costs a fifth more memory.
 */
export function releaseRequest(response: object): void {
  if ('req' in response) response.req = undefined;
}

// ---- Socket.IO

/**
 * The HTTP server that Socket.IO is attached to.
 * Source: `Server#httpServer` of Socket.IO, a private member.
 * @throws Error without it: TCP connections would have no limit
 */
export function httpServerOf(server: Pick<Server, 'engine'>): HttpServer {
  const { httpServer } = server as unknown as { readonly httpServer?: unknown };
  if (!(httpServer instanceof TcpServer)) {
    throw new Error('Socket.IO has no Server#httpServer, so TCP connections cannot be limited');
  }
  return httpServer as HttpServer;
}

/** What Socket.IO keeps for one connection, in whatever namespaces it is. */
export interface SocketIoClient {
  readonly decoder: unknown;
  /** Writes the packets for this client only. */
  encoder: { encode(packet: never): readonly unknown[] };
  /** Sends one or more packets, of this client only or of a broadcast. */
  writeToEngine: (encoded: unknown, options: object) => void;
}

/**
 * The client of a socket.
 * Source: `decoder`, `encoder` and `writeToEngine` of Socket.IO's `Client`. Without them, clients
 * with MessagePack are answered as text, which they cannot read.
 */
export function clientOf({ client }: { readonly client: object }): SocketIoClient | undefined {
  const { decoder, encoder, writeToEngine } = client as Partial<SocketIoClient>;
  if (typeof decoder !== 'object' || typeof encoder?.encode !== 'function') return undefined;
  return typeof writeToEngine === 'function' ? (client as SocketIoClient) : undefined;
}

/**
 * Whether a decoder waits for the attachments of a packet.
 * Source: `Decoder#reconstructor` of socket.io-parser. Without it, an attachment that is itself a
 * packet of MessagePack with which a client enters is taken for one.
 */
export function isReconstructing(decoder: object): boolean {
  const { reconstructor } = decoder as { readonly reconstructor?: unknown };
  return typeof reconstructor === 'object' && reconstructor !== null;
}

// ---- ws

/**
 * The TCP socket below a WebSocket.
 * Source: `WebSocket#_socket` of ws. Without it, every frame goes through engine.io, and pings of a
 * client that has much to read get no pongs.
 */
export function tcpSocketOf(webSocket: object): TcpSocket | undefined {
  const { _socket: socket } = webSocket as { readonly _socket?: unknown };
  return socket instanceof TcpSocket ? socket : undefined;
}

/** The permessage-deflate extension of one WebSocket. */
export interface Deflate {
  /** Frees the inflater and the deflater, which ws makes again when it needs them. */
  cleanup(): void;
}

/**
 * The permessage-deflate extension that a WebSocket has negotiated.
 * Source: `WebSocket#_extensions` and `PerMessageDeflate#cleanup` of ws. Without them, each client
 * that has sent a compressed message keeps some 50 KB of memory.
 */
export function deflateOf(webSocket: object): Deflate | undefined {
  const { _extensions: extensions } = webSocket as {
    readonly _extensions?: { readonly 'permessage-deflate'?: Partial<Deflate> };
  };
  const deflate = extensions?.['permessage-deflate'];
  return typeof deflate?.cleanup === 'function' ? (deflate as Deflate) : undefined;
}

/** Options of ws' server that its types do not have. */
export interface UntypedWsOptions {
  /** How long ws waits for a client to answer the close frame, in ms. Without it, 30 s. */
  readonly closeTimeout: number;
}

interface HeaderParser {
  parse?(header: string): unknown;
}

/**
 * Whether ws can parse a `Sec-WebSocket-Extensions` or `Sec-WebSocket-Protocol` header.
 * Source: ws' exports of the same names, which its types do not have. Without them, every header
 * passes here, and ws rejects a malformed one a little later.
 */
export function isParsedByWs(kind: 'extension' | 'subprotocol', header: string): boolean {
  const parser = (ws as unknown as Readonly<Record<string, HeaderParser | undefined>>)[kind];
  try {
    parser?.parse?.(header);
    return true;
  } catch {
    return false;
  }
}

// ---- Node

/** What Node opens, writes to and closes for a socket. */
export interface SocketHandle {
  readonly fd?: unknown;
}

/**
 * The handle of a TCP socket; undefined if it is closed, or if it encrypts what is written to it:
 * bytes written to the descriptor of a TLS socket would bypass the encryption.
 * Source: `Socket#_handle` of Node. Without it, each client gets its own write.
 */
export function handleOf(socket: TcpSocket): SocketHandle | undefined {
  // Compare the prototype, because a TLS socket is an instance of the class of TCP sockets too.
  if (Object.getPrototypeOf(socket) !== TcpSocket.prototype) return undefined;
  // Node sets the handle to null when it closes the socket: the descriptor may then already belong
  // to another connection.
  return (socket as unknown as { readonly _handle?: SocketHandle | null })._handle ?? undefined;
}

/**
 * The file descriptor of a handle, which stays the same until it is closed; -1 if it is.
 * Source: `fd` of the handles of Node. Without it, each client gets its own write.
 */
export function descriptorOf({ fd }: SocketHandle): number {
  return typeof fd === 'number' ? fd : -1;
}
