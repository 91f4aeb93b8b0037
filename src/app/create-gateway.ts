import type { Server as HttpsServer } from 'node:https';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger as NestPinoLogger } from 'nestjs-pino';
import type { Logger } from 'pino';
import { refuseOtherBodies } from '../admin/api/admin-bodies.js';
import { hasAdminApi, isAdminPath, MAX_ADMIN_BODY } from '../admin/api/admin-path.js';
import { AdminAccess } from '../operations/admin-access.js';
import { AdminListener } from '../operations/admin-listener.js';
import { MarketStatusService } from '../liveness/market-status.service.js';
import { AuthService } from '../auth/auth.service.js';
import { AppModule } from './app.module.js';
import { systemClock } from '../common/clock.js';
import { allocateYoung } from '../common/allocate-young.js';
import { makeStringsFast } from '../common/fast-strings.js';
import { corsOptions } from '../config/cors.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { LogLevel } from '../logging/log-level.js';
import { DrainService } from '../drain/drain.service.js';
import {
  askForUpgrade,
  PLAIN_WEBSOCKET,
  PLAIN_WEBSOCKET_PATH,
} from '../transports/websocket/plain-upgrade.js';
import { isEventStream, refuseStream, SSE, SSE_PATH } from '../transports/sse/sse-request.js';
import { GatewayIoAdapter } from '../transports/socket-io/gateway-io.adapter.js';
import { watchCertificate } from '../http/certificate-watch.js';
import { GatewayHttpAdapter } from '../http/gateway-http.adapter.js';
import { HttpErrorFilter } from '../http/http-error.filter.js';
import { createHttpServer, createHttpsServer } from '../http/http-server.js';
import { pageHeaders, transportHeaders } from '../http/security-headers.js';
import type { WorkerReports } from '../operations/worker-reports.js';
import { readTlsPair } from '../config/tls-files.js';
import { CertificateMetrics } from '../http/certificate.metrics.js';
import { withListenErrors } from './listen-error.js';
import type { Ports } from './ports.js';

/** A running gateway process. */
export interface Gateway {
  readonly app: NestExpressApplication;
  readonly port: number;
  /** `undefined` if there is no admin port. */
  readonly adminPort: number | undefined;
  /**
   * Drains the clients, stops the feed, flushes the cache, and closes the remaining connections and
   * the ports. Idempotent.
   */
  close(): Promise<void>;
  /**
   * Stops listening on the main port. Connections stay open. With several workers, new clients then
   * reach the others.
   */
  stopAccepting(): void;
  /**
   * Uses the settings of `next` that can change while it runs: log level, admin token, keys of
   * tokens, certificate.
   */
  apply(next: GatewayConfig): void;
}

interface GatewayOptions {
  /** May change the application before it listens. The demo adds an address. */
  readonly prepare?: (app: NestExpressApplication) => void;
  /** The other workers, if this process is one of several. */
  readonly workers?: WorkerReports;
}

/**
 * Builds the service on `ports` and listens.
 * @throws ConfigError if the configured port or host cannot be listened on
 */
export async function createGateway(
  config: GatewayConfig,
  ports: Ports,
  logger: Logger,
  { prepare, workers }: GatewayOptions = {},
): Promise<Gateway> {
  makeStringsFast();
  allocateYoung();
  const pair = config.tls && readTlsPair(config.tls);
  // A poll is answered by the next ping at the latest.
  const times = {
    longestPollMs: config.pingIntervalMs + config.pingTimeoutMs,
    keepAliveMs: config.keepAliveTimeoutMs,
  };
  const takesSse = config.transports.includes(SSE);
  const isHandedOver = takesSse ? isEventStream : undefined;
  const http = new GatewayHttpAdapter({
    createServer: (listener) =>
      pair
        ? createHttpsServer(listener, times, pair, isHandedOver)
        : createHttpServer(listener, times, isHandedOver),
    backlog: config.listenBacklog,
  });
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(config, ports, logger, workers),
    http,
    {
      bufferLogs: true,
      abortOnError: false,
      bodyParser: false, // only the admin API takes bodies
    },
  );
  app.useLogger(app.get(NestPinoLogger));
  app.useWebSocketAdapter(new GatewayIoAdapter(app, transportHeaders(config)));
  app.use(pageHeaders(config));
  const access = app.get(AdminAccess);
  if (hasAdminApi(config)) {
    const isAdmin = (request: IncomingMessage): boolean =>
      access.isAdmitted(request) && isAdminPath(request.url);
    app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
      if (isAdmin(request)) refuseOtherBodies(request, response, next);
      else next();
    });
    app.useBodyParser('json', { limit: MAX_ADMIN_BODY, type: isAdmin });
  }
  // Allow no cross-origin requests to the admin port: a page in the browser of an operator can
  // reach that port and must not be able to read its responses.
  // Every route of the main port only reads. Socket.IO has options of its own.
  const [cors, none] = [{ ...corsOptions(config), methods: ['GET', 'HEAD'] }, { origin: false }];
  app.enableCors((request: IncomingMessage, decide: (error: null, options: object) => void) =>
    decide(null, access.isAdmitted(request) ? none : cors),
  );
  /** Has requests to a path answered in a way of its own, but not on the admin port. */
  const answerOn = (path: string, answer: typeof askForUpgrade): void => {
    app.use(path, (request: IncomingMessage, response: ServerResponse, next: () => void) => {
      if (access.isAdmitted(request)) next();
      else answer(request, response, next);
    });
  };
  if (config.transports.includes(PLAIN_WEBSOCKET)) answerOn(PLAIN_WEBSOCKET_PATH, askForUpgrade);
  if (takesSse) answerOn(SSE_PATH, refuseStream);
  app.useGlobalFilters(new HttpErrorFilter(logger));
  prepare?.(app);

  const { host } = config;
  const admin =
    config.adminPort === undefined
      ? undefined
      : new AdminListener(app.getHttpAdapter().getInstance() as RequestListener, access, {
          port: config.adminPort,
          host: config.adminHost ?? host,
          adminHosts: config.adminHosts,
          ...times,
        });
  const watch =
    config.tls &&
    pair &&
    watchCertificate(app.getHttpServer() as unknown as HttpsServer, config.tls, pair, {
      clock: systemClock,
      log: logger,
      inUse: (end) => app.get(CertificateMetrics).certificateEnds.set(end),
    });

  let closing: Promise<void> | undefined;
  // Drain before Nest shuts down: Nest stops the feed first, but clients need prices until they are
  // disconnected. Until then, the admin port reports the drain to probes.
  const stop = async (): Promise<void> => {
    try {
      await app.get(DrainService).drain();
    } finally {
      admin?.close();
      watch?.stop();
      await app.close().finally(() => ports.close());
    }
  };
  const close = (): Promise<void> => (closing ??= stop());
  let adminPort: number | undefined;

  try {
    await app.init(); // the routes of the admin port only exist after this
    if (admin) {
      adminPort = await withListenErrors(
        { port: 'ADMIN_PORT', host: config.adminHost === undefined ? 'HOST' : 'ADMIN_HOST' },
        admin,
        () => admin.listen(),
      );
      logger.info({ port: adminPort, host: admin.host }, 'admin_listening');
    }
    await withListenErrors({ port: 'PORT', host: 'HOST' }, config, () => app.listen(config.port, host));
  } catch (error) {
    await close();
    throw error;
  }
  watch?.start();
  const { port } = app.getHttpServer().address() as AddressInfo;
  logger.info({ port, host, tls: pair !== undefined }, 'socket_gateway_listening');
  const apply = (next: GatewayConfig): void => {
    app.get(LogLevel).configure(next.logLevel);
    access.requireToken(next.adminToken);
    app.get(AuthService).useKeysOf(next);
    app.get(MarketStatusService).useHolidaysOf(next.marketHours);
    watch?.checkNow();
  };
  const stopAccepting = (): void => void app.getHttpServer().close();
  return { app, port, adminPort, close, stopAccepting, apply };
}
