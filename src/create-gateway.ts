import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger as NestPinoLogger } from 'nestjs-pino';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { corsOptions } from './config/cors.js';
import { ConfigError, type GatewayConfig } from './config/gateway-config.js';
import { DrainService } from './drain/drain.service.js';
import { GatewayIoAdapter } from './fanout/gateway-io.adapter.js';
import type { Ports } from './ports/ports.js';

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
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(config, ports, logger), {
    bufferLogs: true,
    abortOnError: false,
  });
  app.useLogger(app.get(NestPinoLogger));
  app.disable('x-powered-by');
  app.useWebSocketAdapter(new GatewayIoAdapter(app));
  app.enableCors(corsOptions(config));
  prepare(app);

  let closing: Promise<void> | undefined;
  // The drain comes before Nest's own order, in which the feed stops first: clients get prices until they are sent away.
  const stop = async (): Promise<void> => {
    try {
      await app.get(DrainService).drain();
    } finally {
      await app.close().finally(() => ports.close());
    }
  };
  const close = (): Promise<void> => (closing ??= stop());
  try {
    await app.listen(config.port, config.host);
  } catch (error) {
    await close();
    throw listenError(config, error);
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  logger.info({ port, host: config.host }, 'socket_gateway_listening');
  return { app, port, close };
}

/** Why it cannot listen, naming the variable to change. */
function listenError({ port, host }: GatewayConfig, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new ConfigError(`PORT is "${port}", but that port is in use.`);
    case 'EACCES':
      return new ConfigError(`PORT is "${port}", but must be one that this user may listen on.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError(`HOST is "${host}", but must be an address of this machine, such as 0.0.0.0.`);
    default:
      return error;
  }
}
