import type { IncomingMessage } from 'node:http';
import type { DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { type Logger, pino } from 'pino';
import type { GatewayConfig } from '../config/gateway-config.js';

/** Paths that probes and scrapers ask every few seconds. */
const QUIET_PATHS = /^\/(?:health(?:\/|\?|$)|metrics(?:\?|$))/;

/** The process's one logger: JSON lines on standard output, with the service's name. */
export function createLogger(config: GatewayConfig): Logger {
  return pino({ level: config.logLevel, base: { service: config.serviceName } });
}

/** Logs requests by method, path and status alone: no header, query or body, where tokens travel. */
export function loggingModule(logger: Logger): DynamicModule {
  return LoggerModule.forRoot({
    pinoHttp: {
      logger,
      autoLogging: { ignore: (request: IncomingMessage) => QUIET_PATHS.test(request.url ?? '') },
      quietReqLogger: true,
      serializers: {
        req: ({ method, url = '' }: { method: string; url?: string }) => ({
          method,
          path: url.split('?')[0],
        }),
        res: ({ statusCode }: { statusCode: number }) => ({ status: statusCode }),
      },
    },
  });
}
