import { Server, type ServerOptions, type Socket } from 'socket.io';
import type { GatewayConfig } from '../config/gateway-config.js';
import type { ClientToServerEvents, JsonPayload, ServerToClientEvents } from '../contract/index.js';

/** What the gateway emits: the contract's payloads, each as an object or as its JSON text. */
type EmittedEvents = {
  [E in keyof ServerToClientEvents]: ServerToClientEvents[E] extends (payload: infer P extends object) => void
    ? (payload: P | JsonPayload<P>) => void
    : never;
};

export type GatewayServer = Server<ClientToServerEvents, EmittedEvents>;
export type GatewaySocket = Socket<ClientToServerEvents, EmittedEvents>;

/** Makes the Socket.IO adapter of a namespace. */
export type AdapterFactory = ServerOptions['adapter'];

/** Nest token of the one {@link GatewayServer}. */
export const SOCKET_SERVER = Symbol('SOCKET_SERVER');

/**
 * Makes the Socket.IO server, not yet attached to an HTTP server: the bridge emits through it and the gateway listens
 * on it, and neither has to know the other.
 */
export function createSocketServer(
  config: GatewayConfig,
  adapter: AdapterFactory | undefined,
): GatewayServer {
  return new Server<ClientToServerEvents, EmittedEvents>({
    adapter,
    cors: { origin: config.corsOrigins === '*' ? '*' : [...config.corsOrigins] },
    transports: [...config.transports],
    pingInterval: config.pingIntervalMs,
    pingTimeout: config.pingTimeoutMs,
    maxHttpBufferSize: config.maxPayloadBytes,
    // Compressing per client costs a CPU each hundred clients, and switches off the frame shared between them.
    perMessageDeflate: false,
    httpCompression: false,
  });
}
