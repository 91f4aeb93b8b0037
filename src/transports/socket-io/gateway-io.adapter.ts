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
import { SUBSCRIPTION_TYPES } from '../../contract/index.js';
import { GatewayConfig } from '../../config/gateway-config.js';
import { TransportMetrics } from '../transport.metrics.js';
import { ClientLibrary } from './client-library.js';
import { isEventStream, isSse, markSse, SSE } from '../sse/sse-request.js';
import { SseTransport } from '../sse/sse-transport.js';
import { isPlainPath, markPlain, PLAIN_WEBSOCKET } from '../websocket/plain-upgrade.js';
import { PlainWebSocketTransport } from '../websocket/plain-websocket-transport.js';
import { type TransportName, transportOf } from './connection-kind.js';
import { addTransport, type Connection, setPollingCloseTimeout } from './engine-io-internals.js';
import { shrinkClient } from './idle-memory.js';
import { PollingBodyLimiter } from './polling-body-limiter.js';
import { RequestQueue } from '../request-queue.js';
import { requestSpans } from '../../tracing/request-spans.js';
import { type GatewayServer, SOCKET_SERVER } from './socket-server.js';
import { noteResponse, watchUpgrades } from './upgrade-response.js';

/**
 * How long clients may take to close their connections at shutdown, before they are destroyed, ms.
 */
const CLOSE_GRACE_MS = 1_000;

/** How long a connection with a rejected upgrade request may take to receive the response, ms. */
const REFUSED_UPGRADE_MS = 1_000;

/**
 * How long a closed polling session may take to fetch its last packets, ms. The default of
 * engine.io is 30 s, during which the session counts as a client.
 */
const POLLING_CLOSE_TIMEOUT_MS = 5_000;

type Transform = (data: unknown) => Observable<unknown>;

/** A handler of one event, for one client. */
interface BoundHandler {
  readonly message: string;
  readonly callback: MessageMappingProperties['callback'];
  readonly transform: Transform;
}

/**
 * Makes Nest's gateways use the injected Socket.IO server, and serves a client's requests in order
 * of arrival.
 */
export class GatewayIoAdapter extends IoAdapter {
  private readonly server: GatewayServer;
  private readonly requests: RequestQueue<Socket>;
  private readonly clock: Clock;
  private readonly config: GatewayConfig;
  private readonly metrics: TransportMetrics;
  /** All TCP connections, upgraded or not. Neither Node nor Socket.IO has a list of all of them. */
  private readonly connections = new Set<TcpSocket>();
  /** Nest's functions that bind the handlers of a gateway to a client, one for each gateway. */
  private readonly bindings: ((client: Socket) => void)[] = [];
  /** The handlers that Nest binds now. */
  private bound: BoundHandler[] = [];

  /** @param headers sets the headers of every response on Socket.IO's path */
  constructor(
    app: INestApplicationContext,
    private readonly headers: RequestListener,
  ) {
    super(app);
    this.server = app.get<GatewayServer>(SOCKET_SERVER);
    this.requests = app.get<RequestQueue<Socket>>(RequestQueue);
    this.clock = app.get<Clock>(CLOCK);
    this.config = app.get(GatewayConfig);
    this.metrics = app.get(TransportMetrics);
  }

  override createIOServer(): Server {
    const httpServer = this.httpServer as HttpServer;
    const { connections } = this;
    // One listener shared by all connections, which receives the connection as `this`.
    const forget = function (this: TcpSocket): void {
      connections.delete(this);
    };
    httpServer.on('connection', (connection: TcpSocket) => {
      connections.add(connection);
      connection.on('close', forget);
    });
    watchUpgrades(httpServer);
    httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (request.url?.startsWith(`${this.server.path()}/`)) return; // engine.io's own listener
      if (this.takesPlain && isPlainPath(request.url)) markPlain(request);
      else if (this.takesSse && isEventStream(request)) {
        // A client that sends more than its request is cut, also if it does so at once.
        if (head.length > 0) {
          socket.destroy();
          return;
        }
        markSse(request);
      } else {
        refuseUpgrade(socket, this.clock);
        return;
      }
      // They take the way of every other client through engine.io and its middleware.
      this.server.engine.handleUpgrade(request, socket, head);
    });
    this.server.attach(httpServer);
    if (this.takesPlain) {
      const authIsOff = this.config.authMode === 'off';
      addTransport(
        this.server.engine,
        PLAIN_WEBSOCKET,
        (request) => new PlainWebSocketTransport(request, authIsOff),
      );
    }
    if (this.takesSse) this.addSse();
    // Run before engine.io, which responds to some requests before any of its middleware.
    const path = this.server.path();
    httpServer.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.url?.startsWith(path)) this.headers(request, response);
    });
    this.server.engine.use(new ClientLibrary(path, this.config.production).serve);
    const { maxPayloadBytes, eventBurst } = this.config;
    const bodies = new PollingBodyLimiter({
      engine: this.server.engine,
      maxMessageBytes: maxPayloadBytes,
      eventBurst,
      onRefused: (reason) => this.metrics.bodiesRefused.inc({ reason }),
    });
    this.server.engine.use(bodies.check);
    this.server.engine.on('connection', (connection: Connection) =>
      setPollingCloseTimeout(connection, POLLING_CLOSE_TIMEOUT_MS),
    );
    this.server.engine.use(noteResponse);
    return this.server;
  }

  private get takesPlain(): boolean {
    return this.config.transports.includes(PLAIN_WEBSOCKET);
  }

  private get takesSse(): boolean {
    return this.config.transports.includes(SSE);
  }

  private addSse(): void {
    const { engine } = this.server;
    const options = {
      clock: this.clock,
      limits: this.config,
      compresses: this.config.compressAboveBytes > 0,
    };
    addTransport(engine, SSE, (request) => new SseTransport(request, options));
    engine.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
      if (isSse(request)) this.headers(request, response);
      next();
    });
  }

  /**
   * Closes every connection, and destroys those that do not close in time. A client that has
   * stopped reading, or an incomplete HTTP request, would keep the process alive for half a minute
   * or for ever.
   */
  override async close(server: Server): Promise<void> {
    const cut = this.clock.after(CLOSE_GRACE_MS, () => {
      for (const connection of this.connections) connection.destroy();
    });
    await super.close(server).finally(() => cut.cancel());
  }

  /**
   * Keeps Nest's function that binds the handlers of a gateway to a client, which Nest calls for
   * each new client. Here it is called for each request, because the bound handlers would be a
   * tenth of the memory of an idle client. So Nest does not call `handleConnection` and
   * `handleDisconnect`: a gateway listens on the server for `connection`.
   */
  override bindClientConnect(server: Server, bind: (client: Socket) => void): void {
    this.bindings.push(bind);
    if (this.bindings.length > 1) return;
    server.on('connection', (client: Socket) => {
      this.serve(client);
      shrinkClient(client);
      Object.assign(client.conn, { request: undefined });
    });
  }

  /** Nest would have told a gateway's `handleDisconnect`. */
  override bindClientDisconnect(): void {
    return;
  }

  /** Called by Nest while {@link handlerOf} binds the handlers of a client. */
  override bindMessageHandlers(
    _client: Socket,
    handlers: MessageMappingProperties[],
    transform: Transform,
  ): void {
    this.bound.push(
      ...handlers.map(({ message, callback }) => ({ message: message as string, callback, transform })),
    );
  }

  private handlerOf(client: Socket, event: unknown): BoundHandler | undefined {
    this.bound = [];
    for (const bind of this.bindings) bind(client);
    const handler = this.bound.find(({ message }) => message === event);
    this.bound = [];
    return handler;
  }

  /**
   * Runs the requests of a client one after the other, through the {@link RequestQueue}. Nest runs
   * pipes and guards asynchronously, so that a handler with fewer of them would overtake:
   * `get_products` would be answered before a `subscribe` that was sent earlier.
   */
  private serve(client: Socket): void {
    // It runs after the gateway's own middleware, which may drop events. It does not call `next`,
    // because no other listener follows.
    client.use(([event, ...args]: unknown[]) => {
      const ack = typeof args.at(-1) === 'function' ? (args.pop() as (answer: unknown) => void) : undefined;
      const data = args.length > 1 ? args : args[0];
      const job = () => this.handle(client, event, data, ack);
      this.requests.run(client, requestSpans ? traced(requestSpans, client, event, data, job) : job);
    });
  }

  private async handle(
    client: Socket,
    event: unknown,
    data: unknown,
    ack: ((answer: unknown) => void) | undefined,
  ): Promise<void> {
    if (!client.connected) return; // it disconnected while the request waited
    const handler = this.handlerOf(client, event);
    if (!handler) return;
    try {
      // If the handler fails, the exception filter has replied, and the result is undefined.
      const answer = await firstValueFrom(handler.transform(handler.callback(data, ack)), {
        defaultValue: undefined,
      });
      if (answer !== undefined) ack?.(answer);
    } catch (error) {
      this.logger.error(error);
    }
  }
}

const HTTP_TRANSPORTS: ReadonlySet<TransportName> = new Set(['polling', SSE]);

/**
 * Puts a request into a span. Its event is a known one, because the gateway's own middleware rejects
 * the others. Of its data, the span only has a known type.
 */
function traced(
  spans: NonNullable<typeof requestSpans>,
  client: Socket,
  event: unknown,
  data: unknown,
  job: () => Promise<void>,
): () => Promise<void> {
  const { type } = (data ?? {}) as { readonly type?: unknown };
  const run = spans.begin(client, String(event), {
    'messaging.system': 'deltastream_socket_gateway',
    'network.transport': 'tcp',
    'network.protocol.name': HTTP_TRANSPORTS.has(transportOf(client.conn)) ? 'http' : 'websocket',
    ...((SUBSCRIPTION_TYPES as readonly unknown[]).includes(type) && {
      'messaging.destination.template': String(type),
    }),
  });
  return () => run(job);
}

/**
 * Rejects an upgrade request to an unknown path with 404 and closes its connection.
 * engine.io would close them only if nothing was written before, and only its half. Node's own
 * timeouts do not apply any more, so a client could keep any number of them open for ever.
 */
function refuseUpgrade(socket: Duplex, clock: Clock): void {
  const end = (): void => void socket.destroy();
  const timer = clock.after(REFUSED_UPGRADE_MS, end);
  socket.on('error', end).once('close', () => timer.cancel());
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', end);
}
