import { Server, type ServerOptions as EngineOptions, type Socket } from 'socket.io';
import type { Adapter } from 'socket.io-adapter';
import type { ServerOptions } from 'ws';
import { PLAIN_WEBSOCKET } from '../websocket/plain-upgrade.js';
import { SSE } from '../sse/sse-request.js';
import { corsOptions } from '../../config/cors.js';
import type { GatewayConfig } from '../../config/gateway-config.js';
import { type BoundedWebSocket, BoundedWebSocketServer } from './bounded-websocket-server.js';
import { DeflatingWebSocketServer } from './deflating-websocket-server.js';
import { answerInMessagePack } from './messagepack-clients.js';
import { PacketDecoder, PacketEncoder } from './packet-parser.js';
import type {
  ClientToServerEvents,
  JsonPayload,
  JsonPayloads,
  ServerToClientEvents,
} from '../../contract/index.js';

/** How long a connection may exist without joining the namespace, ms. */
const CONNECT_TIMEOUT_MS = 15_000;

/** The events that the gateway emits. A payload is an object, or its prepared JSON text. */
type EmittedEvents = {
  [E in keyof ServerToClientEvents]: ServerToClientEvents[E] extends (payload: infer P extends object) => void
    ? (payload: P | JsonPayload<P> | JsonPayloads<P>) => void
    : never;
};

/** The event with which replicas send messages to each other. */
export const REPLICA_EVENT = 'replicas';

interface ReplicaEvents {
  [REPLICA_EVENT]: (message: unknown) => void;
}

export type GatewayServer = Server<ClientToServerEvents, EmittedEvents, ReplicaEvents>;
export type GatewaySocket = Socket<ClientToServerEvents, EmittedEvents, ReplicaEvents>;

/** The class of a Socket.IO adapter. Socket.IO creates one instance for each namespace. */
export type AdapterClass = typeof Adapter;

/**
 * Makes the adapter below the fan-out engine, which sends calls to other replicas if there are any.
 * `dropped` is called with the reason for each message from another replica that the adapter drops.
 */
export type AdapterFactory = (dropped: (reason: string) => void) => AdapterClass;

/** Nest token of the {@link AdapterFactory}. */
export const ADAPTER_FACTORY = Symbol('ADAPTER_FACTORY');

/**
 * Event of the engine for a frame that is not a message of a session: a ping, a pong or a probe.
 * Its argument is the WebSocket.
 */
export const UNCOUNTED_FRAME = 'uncounted_frame';

/** Nest token of the one {@link GatewayServer}. */
export const SOCKET_SERVER = Symbol('SOCKET_SERVER');

/**
 * Creates the Socket.IO server, which is not yet attached to an HTTP server. The bridge emits
 * through it and the gateway listens on it, and neither depends on the other.
 */
export function createSocketServer(config: GatewayConfig, adapter: AdapterClass): GatewayServer {
  const WsEngine = config.compressAboveBytes > 0 ? DeflatingWebSocketServer : BoundedWebSocketServer;
  const onUncountedFrame = (client: BoundedWebSocket): void => {
    server.engine.emit(UNCOUNTED_FRAME, client);
  };
  const server: GatewayServer = new Server<ClientToServerEvents, EmittedEvents, ReplicaEvents>({
    adapter,
    cors: corsOptions(config),
    connectTimeout: CONNECT_TIMEOUT_MS,
    serveClient: false, // ClientLibrary serves it
    transports: engineTransports(config),
    // Otherwise polling clients would try a WebSocket that is switched off.
    allowUpgrades: config.transports.includes('websocket'),
    // The Nest adapter responds to upgrades that are not for Socket.IO.
    destroyUpgrade: false,
    pingInterval: config.pingIntervalMs,
    pingTimeout: config.pingTimeoutMs,
    maxHttpBufferSize: config.maxPayloadBytes,
    // Socket.IO's own compression is off: it would compress for each client, and disable shared
    // frames.
    perMessageDeflate: false,
    httpCompression: false,
    ...(config.messagepack && { parser: { Encoder: PacketEncoder, Decoder: PacketDecoder } }),
    // engine.io creates one instance when it is attached, and another when the HTTP server listens.
    wsEngine: class extends WsEngine {
      constructor(options: ServerOptions) {
        super(options, onUncountedFrame, config.messagepack);
      }
    },
  });
  if (config.messagepack) server.use(answerInMessagePack);
  return server;
}

/**
 * The transports that engine.io knows. It makes a WebSocket server only if it has its own, which
 * plain WebSockets and event streams need too. `HandshakeGate` rejects what is switched off.
 */
function engineTransports({ transports }: GatewayConfig): NonNullable<EngineOptions['transports']> {
  const names = new Set<string>(transports);
  if (names.has(PLAIN_WEBSOCKET) || names.has(SSE)) names.add('websocket');
  // The type of the option lists only engine.io's own transports.
  return [...names] as NonNullable<EngineOptions['transports']>;
}
