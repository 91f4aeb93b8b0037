import { Server, type Socket } from 'socket.io';
import type { Adapter } from 'socket.io-adapter';
import type { ServerOptions } from 'ws';
import { corsOptions } from '../../config/cors.js';
import type { GatewayConfig } from '../../config/gateway-config.js';
import { type BoundedWebSocket, BoundedWebSocketServer } from './bounded-websocket-server.js';
import { DeflatingWebSocketServer } from './deflating-websocket-server.js';
import type {
  ClientToServerEvents,
  JsonPayload,
  JsonPayloads,
  ServerToClientEvents,
} from '../../contract/index.js';

/** How long a connection may be there without having entered the namespace, ms. */
const CONNECT_TIMEOUT_MS = 15_000;

/** What the gateway emits: the contract's payloads, each as an object or as its JSON text. */
type EmittedEvents = {
  [E in keyof ServerToClientEvents]: ServerToClientEvents[E] extends (payload: infer P extends object) => void
    ? (payload: P | JsonPayload<P> | JsonPayloads<P>) => void
    : never;
};

export type GatewayServer = Server<ClientToServerEvents, EmittedEvents>;
export type GatewaySocket = Socket<ClientToServerEvents, EmittedEvents>;

/** A Socket.IO adapter's class; Socket.IO makes one of it for each namespace. */
export type AdapterClass = typeof Adapter;

/**
 * Makes the adapter below the fan-out engine: it carries calls to other replicas, if there are any. `dropped` is called with a reason for
 * each message from another replica that the adapter did not use.
 */
export type AdapterFactory = (dropped: (reason: string) => void) => AdapterClass;

/** Nest token of the {@link AdapterFactory}. */
export const ADAPTER_FACTORY = Symbol('ADAPTER_FACTORY');

/** The engine's event for a WebSocket's frame that is no message of a session: a ping, a pong, or a probe. Told with the WebSocket. */
export const UNCOUNTED_FRAME = 'uncounted_frame';

/** Nest token of the one {@link GatewayServer}. */
export const SOCKET_SERVER = Symbol('SOCKET_SERVER');

/**
 * Makes the Socket.IO server, not yet attached to an HTTP server: the bridge emits through it and the gateway listens
 * on it, and neither has to know the other.
 */
export function createSocketServer(config: GatewayConfig, adapter: AdapterClass): GatewayServer {
  const WsEngine = config.compressAboveBytes > 0 ? DeflatingWebSocketServer : BoundedWebSocketServer;
  const onUncountedFrame = (client: BoundedWebSocket): void => {
    server.engine.emit(UNCOUNTED_FRAME, client);
  };
  const server: GatewayServer = new Server<ClientToServerEvents, EmittedEvents>({
    adapter,
    cors: corsOptions(config),
    connectTimeout: CONNECT_TIMEOUT_MS,
    serveClient: false, // by ClientLibrary
    transports: [...config.transports],
    // Upgrades that are not for Socket.IO are answered by the adapter.
    destroyUpgrade: false,
    pingInterval: config.pingIntervalMs,
    pingTimeout: config.pingTimeoutMs,
    maxHttpBufferSize: config.maxPayloadBytes,
    // Not Socket.IO's own: that compresses for each client, and switches off the frame shared between them.
    perMessageDeflate: false,
    httpCompression: false,
    // engine.io makes one when it is attached, and another when the HTTP server listens.
    wsEngine: class extends WsEngine {
      constructor(options: ServerOptions) {
        super(options, onUncountedFrame);
      }
    },
  });
  return server;
}
