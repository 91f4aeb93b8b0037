import type { EventEmitter } from 'node:events';
import type { Socket as TcpSocket } from 'node:net';
import type { Socket } from 'socket.io';
import { type Connection, tcpSocketOf, webSocketOf } from './engine-io-internals.js';

/*
 * What the libraries keep for a connected client although nothing uses it any more. Together it is
 * a third of the memory of an idle client. The members below are missing from the types and the
 * documentation of engine.io, Socket.IO, ws and Node. An upgrade that moves one of them costs
 * memory, and nothing else. `idle-memory.spec.ts` pins each of them.
 */

/** Frees what a client does not need any more once it has connected. */
export function shrinkClient(client: Socket): void {
  // Nothing reads them. What is read are `address` and `auth`.
  Object.assign(client.handshake, NO_REQUEST);
  trim(client, 'fns');
  if (Reflect.has(client, 'acks')) Object.assign(client, { acks: NO_ACKS });
  packListeners(client);
  const { decoder } = client.client as unknown as { readonly decoder?: { readonly _callbacks?: object } };
  if (decoder?._callbacks) trim(decoder._callbacks, '$decoded');
  shrinkConnection(client.conn);
  // An upgrade replaces the transport, and adds its own listeners.
  const { conn } = client;
  if (conn.transport.name !== 'polling') return;
  // A session may enter again after it has left.
  if (!conn.listeners('upgrade').includes(onUpgrade)) conn.once('upgrade', onUpgrade);
}

const NO_REQUEST = {
  headers: Object.freeze({}),
  query: Object.freeze({}),
  url: '',
  time: '',
};

/**
 * In place of the map in which Socket.IO keeps who waits for acknowledgements of a client. The
 * gateway asks for none, and drops those that a client sends without being asked.
 * Source: `Socket#acks` of Socket.IO.
 */
const NO_ACKS = Object.freeze({
  get: (): undefined => undefined,
  delete: (): boolean => false,
  set(): never {
    throw new Error('the gateway does not wait for acknowledgements of clients');
  },
});

function onUpgrade(this: Connection): void {
  shrinkConnection(this);
}

function shrinkConnection(connection: Connection): void {
  trim(connection, 'cleanupFn');
  packListeners(connection);
  packListeners(connection.transport);
  const webSocket = webSocketOf(connection) as EventEmitter | undefined;
  if (!webSocket) return;
  removeUpgradeErrorListener(webSocket);
  packListeners(webSocket);
  const tcp = tcpSocketOf(webSocket);
  if (!tcp) return;
  packListeners(tcp);
  dropTimeout(tcp);
}

/**
 * Has an emitter keep its listeners in an object of a fixed shape. Node keeps them in a dictionary
 * once a listener was removed. Source: `EventEmitter#_events` of Node.
 */
export function packListeners(emitter: object): void {
  const events: unknown = Reflect.get(emitter, '_events');
  if (typeof events !== 'object' || events === null) return;
  Reflect.set(emitter, '_events', Object.setPrototypeOf({ ...events }, null));
}

/**
 * Drops the timer of a TCP socket that has none any more: HTTP requests have a time limit, and
 * WebSockets have not. Node keeps the stopped timer, and looks at it for each read and write.
 * Source: a symbol of Node's `Socket` with the description `timeout`.
 */
export function dropTimeout(tcp: TcpSocket): void {
  if (tcp.timeout !== 0) return;
  const symbol = Object.getOwnPropertySymbols(tcp).find(({ description }) => description === 'timeout');
  if (symbol) Reflect.set(tcp, symbol, null);
}

/**
 * Removes the listener with which engine.io ignores errors of a WebSocket until its transport
 * listens for them. engine.io removes it only if a session is upgraded.
 * Source: `onUpgradeError`, the name of that function.
 */
export function removeUpgradeErrorListener(webSocket: EventEmitter): void {
  const listeners = webSocket.listeners('error') as ((error: Error) => void)[];
  const [own, ...others] = listeners.filter(({ name }) => name === 'onUpgradeError');
  if (own && others.length === 0 && listeners.length > 1) webSocket.off('error', own);
}

/**
 * Has a WebSocket let go of the last frame that it has read. Call it while that frame is handled,
 * before the next one is read. Source: `WebSocket#_receiver` of ws, whose `_mask` is a view of the
 * bytes that were read from the TCP socket, and whose `_buffers` are those that are not parsed yet.
 */
export function forgetFrame(webSocket: object): void {
  const receiver = receiverOf(webSocket);
  if (!receiver) return;
  if (receiver._mask instanceof Uint8Array) receiver._mask = undefined;
  // An empty list keeps its room for 17 buffers until its length is set.
  if (Array.isArray(receiver._buffers) && receiver._buffers.length === 0) receiver._buffers.length = 0;
}

interface Receiver extends EventEmitter {
  _mask?: unknown;
  readonly _buffers?: unknown;
}

function receiverOf(webSocket: object): Receiver | undefined {
  const { _receiver: receiver } = webSocket as { readonly _receiver?: Receiver | null };
  return receiver ?? undefined;
}

/**
 * Replaces a list by a copy without spare room: a list that one element was pushed to has room for
 * 17. Sources: `Socket#fns` of Socket.IO, `Socket#cleanupFn` of engine.io, and the lists of
 * listeners of Socket.IO's `Decoder`.
 */
function trim(owner: object, name: string): void {
  const list: unknown = Reflect.get(owner, name);
  if (Array.isArray(list)) Reflect.set(owner, name, list.slice());
}
