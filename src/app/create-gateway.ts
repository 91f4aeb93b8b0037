import type { Server as HttpsServer } from 'node:https';
import { type IncomingMessage, type RequestListener, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger as NestPinoLogger } from 'nestjs-pino';
import type { Logger } from 'pino';
import { AdminAccess } from '../operations/admin-access.js';
import { AdminListener } from '../operations/admin-listener.js';
import { AppModule } from './app.module.js';
import { systemClock } from '../common/clock.js';
import { AdminHosts } from '../config/admin-hosts.js';
import { corsOptions } from '../config/cors.js';
import { ConfigError, type GatewayConfig } from '../config/gateway-config.js';
import { DrainService } from '../drain/drain.service.js';
import { GatewayIoAdapter } from '../transports/socket-io/gateway-io.adapter.js';
import { CertificateWatch, certificateEnd } from '../http/certificate-watch.js';
import { GatewayHttpAdapter } from '../http/gateway-http.adapter.js';
import { HttpErrorFilter } from '../http/http-error.filter.js';
import { createHttpServer, createHttpsServer, secureContext } from '../http/http-server.js';
import { pageHeaders, transportHeaders } from '../http/security-headers.js';
import { loadTlsPair, readTlsPair, type TlsFiles, type TlsPair } from '../config/tls-files.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import type { Ports } from './ports.js';

/** A running gateway process. */
export interface Gateway {
  readonly app: NestExpressApplication;
  /** The port it listens on. */
  readonly port: number;
  /** Drains, stops taking messages, flushes the cache, closes what is left of connections, and the ports. Idempotent. */
  close(): Promise<void>;
}

/**
 * Builds the service on `ports` and listens.
 * @throws ConfigError where it cannot listen there
 * @param prepare may change the application before it listens (the demo adds its page)
 */
export async function createGateway(
  config: GatewayConfig,
  ports: Ports,
  logger: Logger,
  prepare: (app: NestExpressApplication) => void = () => undefined,
): Promise<Gateway> {
  const pair = config.tls && readTlsPair(config.tls);
  // A poll is answered by the next ping at the latest.
  const longestPollMs = config.pingIntervalMs + config.pingTimeoutMs;
  const http = new GatewayHttpAdapter((listener) =>
    pair ? createHttpsServer(listener, longestPollMs, pair) : createHttpServer(listener, longestPollMs),
  );
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(config, ports, logger),
    http,
    {
      bufferLogs: true,
      abortOnError: false,
      bodyParser: false, // no route takes a body
    },
  );
  app.useLogger(app.get(NestPinoLogger));
  app.useWebSocketAdapter(new GatewayIoAdapter(app, transportHeaders(config)));
  app.use(pageHeaders(config));
  // Not for the admin port: a page in an operator's browser, which reaches it, must not read what is there.
  const access = app.get(AdminAccess);
  const [cors, none] = [corsOptions(config), { origin: false }];
  app.enableCors((request: IncomingMessage, decide: (error: null, options: object) => void) =>
    decide(null, access.isAdmitted(request) ? none : cors),
  );
  app.useGlobalFilters(new HttpErrorFilter(logger));
  prepare(app);

  const { host } = config;
  const admin =
    config.adminPort === undefined
      ? undefined
      : adminListener(app, access, config.adminPort, config, longestPollMs);
  const watch = config.tls && pair && watchCertificate(app, config.tls, pair, logger);

  let closing: Promise<void> | undefined;
  // The drain comes before Nest's own order, in which the feed stops first: clients get prices until they are sent away. Until
  // then the admin port tells probes of it.
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

  try {
    await app.init(); // of what the admin port serves, nothing is there before
    if (admin) {
      const port = await naming('ADMIN_PORT', admin, () => admin.listen());
      logger.info({ port, host }, 'admin_listening');
    }
    await naming('PORT', config, () => app.listen(config.port, host));
  } catch (error) {
    await close();
    throw error;
  }
  watch?.start();
  const { port } = app.getHttpServer().address() as AddressInfo;
  logger.info({ port, host, tls: pair !== undefined }, 'socket_gateway_listening');
  return { app, port, close };
}

function adminListener(
  app: NestExpressApplication,
  access: AdminAccess,
  port: number,
  { host, adminHosts }: GatewayConfig,
  longestPollMs: number,
): AdminListener {
  const hosts = new AdminHosts(adminHosts);
  const application = app.getHttpAdapter().getInstance() as RequestListener;
  const server = createHttpServer((request, response) => {
    if (!hosts.allows(request.headers.host)) {
      refuseHost(response);
      return;
    }
    access.admit(request);
    application(request, response);
  }, longestPollMs);
  return new AdminListener(server, port, host);
}

/** As errors are answered elsewhere: by the status and its name. */
function refuseHost(response: ServerResponse): void {
  const statusCode = 421;
  response.writeHead(statusCode, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ statusCode, message: STATUS_CODES[statusCode] }));
}

function watchCertificate(
  app: NestExpressApplication,
  files: TlsFiles,
  pair: TlsPair,
  log: Logger,
): CertificateWatch {
  const server = app.getHttpServer() as unknown as HttpsServer;
  const { certificateEnds } = app.get(GatewayMetrics);
  const inUse = (used: TlsPair) => certificateEnds.set(certificateEnd(used) / 1_000);
  inUse(pair);
  return new CertificateWatch(
    {
      clock: systemClock,
      load: () => loadTlsPair(files),
      apply: (renewed) => {
        server.setSecureContext(secureContext(renewed));
        inUse(renewed);
      },
      log,
    },
    pair,
  );
}

/** Has what keeps a server from listening named by the variable to change. */
async function naming<T>(
  name: string,
  { port, host }: { readonly port: number; readonly host: string },
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    throw listenError(name, port, host, error);
  }
}

/** Why it cannot listen, naming the variable to change. */
function listenError(name: string, port: number, host: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new ConfigError(`${name} is "${port}", but that port is in use.`);
    case 'EACCES':
      return new ConfigError(`${name} is "${port}", but must be one that this user may listen on.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError(`HOST is "${host}", but must be an address of this machine, such as 0.0.0.0.`);
    default:
      return error;
  }
}
