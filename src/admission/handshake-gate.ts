import { type IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { GatewayConfig } from '../config/gateway-config.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { type GatewayServer, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import {
  type Connection,
  hasSession,
  mayBeUpgraded,
  queryOf,
  responseHeadersOf,
} from '../transports/socket-io/engine-io-internals.js';
import { isSse } from '../transports/sse/sse-request.js';
import { isOwnOrigin } from '../config/origins.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { handshakeSpans } from '../tracing/handshake-spans.js';
import { AdmissionMetrics } from './admission.metrics.js';
import { AddressLimits, type AddressRefusal } from './address-limits.js';
import { Admission } from './admission.js';
import { ClientAddresses } from '../http/client-address.js';
import { CONNECTION_COUNTS, type ConnectionCounts } from '../limits/connection-counts.js';
import { HANDSHAKE_QUOTA, type HandshakeQuota } from './handshake-quota.js';
import { ConnectionWatch } from './connection-watch.js';
import { malformedHandshake, malformedUpgrade } from './handshake-check.js';
import { HandshakeRate } from './handshake-rate.js';
import { OverloadWatch } from './overload-watch.js';
import { PingSpread } from './ping-spread.js';
import {
  type HandshakeResponse,
  rawResponse,
  type NotReadyReason,
  rejectionResponse,
  type HandshakeRejectionReason,
  UNKNOWN_SESSION,
} from './handshake-rejection.js';

/** The longest that a handshake waits for its turn, ms. */
const MAX_WAIT_MS = 1_000;

/** Characters of an origin that a line of the log has: no host name is longer than 253. */
const MAX_LOGGED_ORIGIN = 270;

/**
 * Runs before engine.io and decides whether a new client may connect. A refused client receives an
 * HTTP status and usually `Retry-After`, before anything is allocated for it. Requests of
 * established sessions pass, including upgrades, unless they come from an origin that is not
 * allowed.
 */
@Injectable()
export class HandshakeGate implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly admission: Admission<IncomingMessage>;
  private readonly limits: AddressLimits<IncomingMessage, Connection>;
  private readonly underWay = new ConnectionWatch<IncomingMessage>((request) => {
    handshakeSpans?.failed(request, 'abandoned');
    this.over(request);
  });
  private readonly pings: PingSpread;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly metrics: AdmissionMetrics,
    overload: OverloadWatch,
    private readonly addresses: ClientAddresses,
    @Inject(HANDSHAKE_QUOTA) quota: HandshakeQuota,
    @Inject(CONNECTION_COUNTS) counts: ConnectionCounts,
    @Inject(CLOCK) clock: Clock,
    private readonly faults: RateLimitedLog,
  ) {
    this.pings = new PingSpread(clock, config.pingIntervalMs, Math.random);
    this.admission = new Admission({
      maxConnections: config.maxConnections,
      rate: new HandshakeRate({
        clock,
        perSecond: config.handshakesPerSecond,
        maxWaitMs: MAX_WAIT_MS,
      }),
      connections: () => server.engine.clientsCount,
      overload: () => overload.reason,
    });
    this.limits = new AddressLimits({
      quota,
      counts,
      handshakesPerMinute: config.handshakesPerIpPerMinute,
      maxConnections: config.maxConnectionsPerIp,
    });
  }

  /** Why new clients are refused now; undefined while they are admitted. */
  get refusal(): NotReadyReason | undefined {
    return this.admission.refusal;
  }

  /** From now on every new client is refused. */
  leave(): void {
    this.admission.leave();
  }

  /** Runs after Nest has attached the server, and before the server listens. */
  onApplicationBootstrap(): void {
    this.metrics.maxConnections.set(this.config.maxConnections);
    this.metrics.onScrape(() => this.metrics.handshakesQueued.set(this.admission.queued));
    const { engine } = this.server;
    engine.use((request: IncomingMessage, response: unknown, next: () => void) => {
      const sid = queryOf(request).sid;
      // Check the origin first: browsers do not apply CORS to WebSockets, and for XHR they only
      // hide the response after we have served it.
      if (!this.isAllowed(request)) this.refuse('origin', request, response);
      else if (sid && !hasSession(engine, sid)) answer(request, response, UNKNOWN_SESSION);
      else if (sid) this.checkUpgrade(sid, request, response, next);
      else this.check(request, response, next);
    });
    const { limits } = this;
    const onClose = function (this: Connection): void {
      limits.disconnect(this);
    };
    const onCloseTraced = function (this: Connection): void {
      handshakeSpans?.failed(this.request, 'closed');
    };
    engine.on('connection', (connection: Connection) => {
      // Socket.IO reads `handshake.address` from here. Behind a trusted proxy it must be the
      // address of the client, not of the proxy.
      Object.assign(connection, { remoteAddress: this.addresses.of(connection.request) });
      if (limits.connect(connection.request, connection)) connection.on('close', onClose);
      if (handshakeSpans) connection.on('close', onCloseTraced);
      this.over(connection.request);
      this.spreadPing(connection);
    });
    engine.on('connection_error', ({ req }: { req: IncomingMessage }) => {
      handshakeSpans?.failed(req, 'rejected');
      this.over(req);
    });
  }

  onApplicationShutdown(): void {
    this.pings.stop();
  }

  private checkUpgrade(sid: string, request: IncomingMessage, response: unknown, next: () => void): void {
    const problem =
      response instanceof ServerResponse
        ? undefined
        : malformedUpgrade(request, this.config.transports, mayBeUpgraded(this.server.engine, sid));
    if (problem === undefined) next();
    else this.refuseMalformed(request, response, problem);
  }

  private check(request: IncomingMessage, response: unknown, next: () => void): void {
    const isUpgrade = !(response instanceof ServerResponse);
    handshakeSpans?.begin(request, spanAttributes(request, isUpgrade));
    if (!isUpgrade || isSse(request)) this.watchCredentials(request);
    const problem = malformedHandshake(request, isUpgrade, this.config.transports, this.config);
    if (problem === undefined) this.ask(request, response, next);
    else this.refuseMalformed(request, response, problem);
  }

  private refuseMalformed(request: IncomingMessage, response: unknown, problem: HandshakeResponse): void {
    this.metrics.handshakesRefused.inc({ reason: 'malformed' });
    handshakeSpans?.failed(request, 'malformed');
    answer(request, response, problem);
  }

  private ask(request: IncomingMessage, response: unknown, next: () => void): void {
    this.underWay.add(request);
    // Check the state of the replica first: a handshake that is refused in any case must not use up
    // the quota of its address.
    const refusal = this.limits.active ? this.admission.refusal : undefined;
    if (refusal !== undefined) this.refuse(refusal, request, response);
    else if (!this.limits.active) this.admit(request, response, next);
    else
      void this.enter(request).then((refused) => {
        if (!this.underWay.has(request)) return;
        if (refused) this.refuse(refused.reason, request, response, refused.retryAfterMs);
        else this.admit(request, response, next);
      });
  }

  private enter(request: IncomingMessage): Promise<AddressRefusal | undefined> {
    if (this.addresses.isDisbelieved(request)) this.faults.warn('untrusted_proxy', 'untrusted_proxy');
    const enter = () =>
      this.limits.enter(request, this.addresses.of(request), () => !this.underWay.has(request));
    return handshakeSpans ? handshakeSpans.inAdmission(request, enter) : enter();
  }

  private admit(request: IncomingMessage, response: unknown, next: () => void): void {
    this.admission.ask(request, (refusal) => {
      if (refusal !== undefined) this.refuse(refusal, request, response);
      else if (handshakeSpans) handshakeSpans.admitted(request, next);
      else next();
    });
  }

  private isAllowed(request: IncomingMessage): boolean {
    return this.config.origins.allows(request.headers.origin, this.addresses.hostOf(request));
  }

  /**
   * Browsers send cookies to another origin only for `withCredentials`, and then hide an answer
   * that does not allow credentials. The page is told nothing but "xhr poll error", so that only
   * the gateway's log can say why.
   */
  private watchCredentials(request: IncomingMessage): void {
    const { origin, cookie } = request.headers;
    if (this.config.corsCredentials || cookie === undefined || origin === undefined) return;
    if (isOwnOrigin(origin, this.addresses.hostOf(request))) return;
    const fields = { origin: loggedOrigin(request), setting: 'CORS_CREDENTIALS' };
    this.faults.warn('page_credentials', 'page_credentials_not_allowed', fields);
  }

  private refuse(
    reason: HandshakeRejectionReason,
    request: IncomingMessage,
    response: unknown,
    retryAfterMs?: number,
  ): void {
    this.metrics.handshakesRefused.inc({ reason });
    handshakeSpans?.failed(request, reason);
    this.faults.warn(`refused:${reason}`, 'handshake_refused', {
      reason,
      ...(reason === 'origin' && { origin: loggedOrigin(request), setting: 'CORS_ORIGINS' }),
    });
    // engine.io's own middleware has set the CORS headers: a page may read why.
    answer(request, response, rejectionResponse(reason, Math.random, retryAfterMs));
    // A raw connection stays watched until it closes: the watch handles its errors.
    if (response instanceof ServerResponse) this.over(request);
  }

  private over(request: IncomingMessage): void {
    this.admission.over(request);
    this.limits.over(request);
    this.underWay.delete(request);
  }

  private spreadPing(connection: Connection): void {
    const problem = this.pings.add(connection);
    if (problem !== undefined) this.faults.warn('ping_spread', 'pings_not_spread', { problem });
  }
}

function loggedOrigin({ headers }: IncomingMessage): string | undefined {
  return headers.origin?.slice(0, MAX_LOGGED_ORIGIN);
}

/** What the span of a handshake says about it: never its address, its headers or its origin. */
function spanAttributes(request: IncomingMessage, isUpgrade: boolean): Record<string, string> {
  return {
    'network.transport': 'tcp',
    'network.protocol.name': isUpgrade && !isSse(request) ? 'websocket' : 'http',
  };
}

function answer(request: IncomingMessage, response: unknown, how: HandshakeResponse): void {
  if (response instanceof ServerResponse) {
    response.writeHead(how.status, how.headers).end(how.body);
    return;
  }
  const { socket } = request;
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(rawResponse({ ...how, headers: { ...responseHeadersOf(request), ...how.headers } }));
}
