import type { IncomingMessage } from 'node:http';
import { type DynamicModule, Global, Module, Scope } from '@nestjs/common';
import { INQUIRER } from '@nestjs/core';
import { LoggerModule, PinoLogger } from 'nestjs-pino';
import { type Logger, pino } from 'pino';
import type { Options } from 'pino-http';
import { CLOCK, type Clock } from '../common/clock.js';
import { RateLimitedLog } from './rate-limited-log.js';

/** Paths that probes and scrapers ask every few seconds. */
const QUIET_PATHS = /^\/(?:health(?:\/|\?|$)|metrics(?:\?|$))/;

interface LoggerOptions {
  readonly logLevel: string;
  readonly serviceName: string;
}

/** The process's one logger: JSON lines on standard output, with the service's name. */
export function createLogger({ logLevel: level, serviceName: service }: LoggerOptions): Logger {
  return pino({ level, base: { service } });
}

/**
 * Logs requests by method, status and the route that answered. No header, query or body, where tokens travel, and no path that
 * is no route of ours: a client that puts its token in one is told 404, and must not find it in the log.
 */
export function requestLog(logger: Logger): Options<Routed> {
  return {
    logger,
    autoLogging: { ignore: (request: IncomingMessage) => QUIET_PATHS.test(request.url ?? '') },
    quietReqLogger: true,
    serializers: {
      req: ({ method }: { method: string }) => ({ method }),
      res: ({ statusCode }: { statusCode: number }) => ({ status: statusCode }),
      // pino-http's own, of a 5xx without an error, says nothing but the status; what failed is logged where it did.
      err: () => undefined,
    },
    customSuccessObject: (request, _response, fields: object) => ({ ...fields, route: routeOf(request) }),
    customErrorObject: (request, _response, _error, fields: object) => ({
      ...fields,
      route: routeOf(request),
    }),
  };
}

/** As Express leaves it: the path of a route is a pattern out of the code. */
type Routed = IncomingMessage & { readonly route?: { readonly path: string } };

/** Nest's own middleware is a route as well, for every path. */
function routeOf({ route }: Routed): string | undefined {
  return route?.path.includes('*') ? undefined : route?.path;
}

/** Provides loggers; a {@link RateLimitedLog} of its own, with its name as context, to each class that injects one. */
@Global()
@Module({})
export class LoggingModule {
  static forRoot(logger: Logger): DynamicModule {
    return {
      module: LoggingModule,
      imports: [LoggerModule.forRoot({ pinoHttp: requestLog(logger) })],
      providers: [
        {
          provide: RateLimitedLog,
          scope: Scope.TRANSIENT,
          inject: [PinoLogger, CLOCK, INQUIRER],
          useFactory: (log: PinoLogger, clock: Clock, { constructor }: object) => {
            log.setContext(constructor.name);
            return new RateLimitedLog(log, () => clock.now());
          },
        },
      ],
      exports: [RateLimitedLog],
    };
  }
}
