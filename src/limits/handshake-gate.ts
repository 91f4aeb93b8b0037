import { type IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { GatewayConfig } from '../config/gateway-config.js';
import { systemClock } from '../clock.js';
import { type GatewayServer, type GatewaySocket, SOCKET_SERVER } from '../fanout/socket-server.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { Admission } from './admission.js';
import { HandshakeRate } from './handshake-rate.js';
import { OverloadWatch } from './overload-watch.js';
import { PingSpread } from './ping-spread.js';
import { type HandshakeAnswer, rawAnswer, type Refusal, refusalAnswer, UNKNOWN_SESSION } from './refusal.js';

/** The longest a handshake waits for its turn, ms. */
const MAX_WAIT_MS = 1_000;

/** As engine.io hands it to a middleware: of several `sid` it has the last. */
type EngineRequest = IncomingMessage & { readonly _query?: { readonly sid?: string } };

/**
 * Stands before engine.io and lets new clients in, or answers them 503 with Retry-After before anything is made for them.
 * Requests of clients that are in already, upgrades among them, pass.
 */
@Injectable()
export class HandshakeGate implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly admission: Admission<IncomingMessage>;
  /** Of the handshakes under way: what stops listening to their TCP connection. */
  private readonly unwatch = new Map<IncomingMessage, () => void>();
  private readonly pings: PingSpread;
  private readonly faults: RateLimitedLog;

  constructor(
    config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly metrics: GatewayMetrics,
    overload: OverloadWatch,
    @InjectPinoLogger(HandshakeGate.name) log: PinoLogger,
  ) {
    this.faults = new RateLimitedLog(log);
    this.pings = new PingSpread(systemClock, config.pingIntervalMs, Math.random);
    this.admission = new Admission({
      maxConnections: config.maxConnections,
      rate: new HandshakeRate({
        clock: systemClock,
        perSecond: config.handshakesPerSecond,
        maxWaitMs: MAX_WAIT_MS,
      }),
      connections: () => server.engine.clientsCount,
      overload: () => overload.reason,
    });
    metrics.onScrape(() => metrics.handshakesQueued.set(this.admission.queued));
  }

  /** Why new clients are not taken now; undefined while they are. */
  get refusal(): Refusal | undefined {
    return this.admission.refusal;
  }

  /** From now on no new client is taken. */
  leave(): void {
    this.admission.leave();
  }

  /** Nest has attached the server by now, and does not listen yet. */
  onApplicationBootstrap(): void {
    const { engine } = this.server;
    const { clients } = engine as unknown as { clients: Readonly<Record<string, unknown>> };
    engine.use((request: EngineRequest, response: unknown, next: () => void) => {
      const sid = request._query?.sid;
      if (sid && !Object.hasOwn(clients, sid)) answer(request, response, UNKNOWN_SESSION);
      else if (!sid && request.method === 'GET') this.ask(request, response, next);
      else next();
    });
    engine.on('connection', (connection: GatewaySocket['conn']) => {
      this.over(connection.request);
      this.spreadPing(connection);
    });
    engine.on('connection_error', ({ req }: { req: IncomingMessage }) => this.over(req));
  }

  onApplicationShutdown(): void {
    this.pings.stop();
  }

  private ask(request: IncomingMessage, response: unknown, next: () => void): void {
    const { socket } = request;
    const gone = (): void => this.over(request);
    // Node no longer listens for the errors of a connection that asks for an upgrade, and ws does not yet: a client that
    // resets its connection while it waits would end the process.
    socket.on('error', gone);
    socket.once('close', gone);
    this.unwatch.set(request, () => socket.off('error', gone).off('close', gone));
    this.admission.ask(request, (refusal) => {
      if (refusal === undefined) next();
      else this.refuse(refusal, request, response);
    });
  }

  private refuse(reason: Refusal, request: IncomingMessage, response: unknown): void {
    this.metrics.handshakesRefused.inc({ reason });
    this.faults.warn(`refused:${reason}`, 'handshake_refused', { reason });
    // engine.io's own middleware has set the CORS headers: a page may read why.
    answer(request, response, refusalAnswer(reason, Math.random));
    // A raw connection is listened to until it is closed.
    if (response instanceof ServerResponse) this.over(request);
  }

  private over(request: IncomingMessage): void {
    this.admission.over(request);
    this.unwatch.get(request)?.();
    this.unwatch.delete(request);
  }

  private spreadPing(connection: GatewaySocket['conn']): void {
    const problem = this.pings.add(connection);
    if (problem !== undefined) this.faults.warn('ping_spread', 'pings_not_spread', { problem });
  }
}

function answer({ socket }: IncomingMessage, response: unknown, how: HandshakeAnswer): void {
  if (response instanceof ServerResponse) {
    response.writeHead(how.status, how.headers).end(how.body);
    return;
  }
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(rawAnswer(how));
}
