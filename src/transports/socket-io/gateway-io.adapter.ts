import {
  type IncomingMessage,
  type RequestListener,
  type Server as HttpServer,
  ServerResponse,
} from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { MessageMappingProperties } from '@nestjs/websockets';
import { firstValueFrom, type Observable } from 'rxjs';
import type { Server, Socket } from 'socket.io';
import { CLOCK, type Clock } from '../../common/clock.js';
import { ClientLibrary } from './client-library.js';
import { type Connection, releaseRequest, setPollingCloseTimeout } from './engine-io-internals.js';
import { RequestQueue } from '../request-queue.js';
import { type GatewayServer, SOCKET_SERVER } from './socket-server.js';

/** What clients have to answer the closing of their connection, before it is cut. */
const CLOSE_GRACE_MS = 1_000;

/** What a connection has that asks for an upgrade where there is none, to take its answer, ms. */
const REFUSED_UPGRADE_MS = 1_000;

/** What a session by polling that was closed has to fetch the news, ms. engine.io has 30 s, in which it takes a client's place. */
const POLLING_CLOSE_TIMEOUT_MS = 5_000;

/** Has Nest's gateways use the injected Socket.IO server, and a client's requests done in the order they came. */
export class GatewayIoAdapter extends IoAdapter {
  private readonly server: GatewayServer;
  private readonly requests: RequestQueue<Socket>;
  private readonly clock: Clock;
  /** Every TCP connection, upgraded or not: no one list of Node's or Socket.IO's has them all. */
  private readonly connections = new Set<TcpSocket>();

  /** @param headers sets those of every answer on Socket.IO's path */
  constructor(
    app: INestApplicationContext,
    private readonly headers: RequestListener,
  ) {
    super(app);
    this.server = app.get<GatewayServer>(SOCKET_SERVER);
    this.requests = app.get<RequestQueue<Socket>>(RequestQueue);
    this.clock = app.get<Clock>(CLOCK);
  }

  override createIOServer(): Server {
    const httpServer = this.httpServer as HttpServer;
    httpServer.on('connection', (connection: TcpSocket) => {
      this.connections.add(connection);
      connection.once('close', () => this.connections.delete(connection));
    });
    httpServer.on('upgrade', refuseOtherUpgrades(this.server.path(), this.clock));
    this.server.attach(httpServer);
    // Ahead of engine.io, which answers some requests before any of its middleware.
    const path = this.server.path();
    httpServer.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.url?.startsWith(path)) this.headers(request, response);
    });
    this.server.engine.use(new ClientLibrary(path).serve);
    this.server.engine.on('connection', (connection: Connection) =>
      setPollingCloseTimeout(connection, POLLING_CLOSE_TIMEOUT_MS),
    );
    this.server.engine.use((request: Handshake, response: object, next: () => void) => {
      // Only for upgrades: of a plain request Node's own response is known, and needs its request.
      if (!(response instanceof ServerResponse)) request.res = response;
      next();
    });
    return this.server;
  }

  /**
   * Closes every connection, and cuts those whose other side does not answer: a client that stopped reading, or half an
   * HTTP request, would hold the process for half a minute or for ever.
   */
  override async close(server: Server): Promise<void> {
    const cut = this.clock.after(CLOSE_GRACE_MS, () => {
      for (const connection of this.connections) connection.destroy();
    });
    await super.close(server).finally(() => cut.cancel());
  }

  override bindClientConnect(server: Server, callback: (client: Socket) => void): void {
    server.on('connection', (client: Socket) => {
      callback(client);
      forgetRequest(client);
    });
  }

  /** As Nest's, without the wrappers that it keeps for each client: it happens once in any case. */
  override bindClientDisconnect(client: Socket, callback: (reason: string) => void): void {
    client.on('disconnect', callback);
  }

  /**
   * One request of a client after the other, by the {@link RequestQueue}. Nest runs pipes and guards asynchronously, and a
   * handler with fewer of them overtakes: `get_products` would answer before the `subscribe` sent ahead of it.
   */
  override bindMessageHandlers(
    socket: Socket,
    handlers: MessageMappingProperties[],
    transform: (data: unknown) => Observable<unknown>,
  ): void {
    // One function for all events: with thousands of clients, each listener of each client counts. And in this place, behind
    // what else the gateway has put before its events, which may drop them; it hands none on, for there is nobody else.
    socket.use(([event, ...args]: unknown[]) => {
      const handler = handlers.find(({ message }) => message === event);
      if (!handler) return;
      const ack = typeof args.at(-1) === 'function' ? (args.pop() as (answer: unknown) => void) : undefined;
      const data = args.length > 1 ? args : args[0];
      this.requests.run(socket, async () => {
        if (!socket.connected) return; // it has left while the request waited
        try {
          // What fails has been answered by the exception filter, and comes as undefined.
          const answer = await firstValueFrom(transform(handler.callback(data, ack)), {
            defaultValue: undefined,
          });
          if (answer !== undefined) ack?.(answer);
        } catch (error) {
          this.logger.error(error);
        }
      });
    });
  }
}

/**
 * engine.io would close such a connection only where nothing was written on it before, and its half of it: Node's own
 * timeouts no longer look after it, so a client could keep as many as it likes for ever.
 */
function refuseOtherUpgrades(path: string, clock: Clock): (request: IncomingMessage, socket: Duplex) => void {
  return ({ url }, socket) => {
    if (url?.startsWith(`${path}/`)) return;
    const end = (): void => void socket.destroy();
    const timer = clock.after(REFUSED_UPGRADE_MS, end);
    socket.on('error', end).once('close', () => timer.cancel());
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', end);
  };
}

/** A handshake's request; engine.io's response to an upgrade refers back to it for as long as the connection lives. */
type Handshake = IncomingMessage & { res?: object };

const NO_HEADERS = Object.freeze({});

/**
 * Lets go of the HTTP request of the handshake: with its headers it is a fifth of what an idle client costs, and nothing
 * reads it once the client is connected.
 */
function forgetRequest(client: Socket): void {
  const request: Handshake | undefined = client.conn.request;
  if (request?.res && !(request.res instanceof ServerResponse)) releaseRequest(request.res);
  Object.assign(client.conn, { request: undefined });
  client.handshake.headers = NO_HEADERS;
}
