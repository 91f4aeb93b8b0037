import type { IncomingMessage } from 'node:http';
import { type DynamicModule, Global, Module, Scope } from '@nestjs/common';
import { INQUIRER } from '@nestjs/core';
import { LoggerModule, PinoLogger } from 'nestjs-pino';
import type { Logger } from 'pino';
import type { Options } from 'pino-http';
import { CLOCK, type Clock } from '../common/clock.js';
import { LogLevel } from './log-level.js';
import { LogMetrics } from './log.metrics.js';
import { OperatorLog } from './operator-log.js';
import { RateLimitedLog } from './rate-limited-log.js';

/** Paths that probes and scrapers request every few seconds; they are not logged. */
const QUIET_PATHS = /^\/(?:health(?:\/|\?|$)|metrics(?:\?|$))/;

/**
 * Changes what a running gateway logs, here and in Nest's classes, whose logger is a child with a
 * level of its own.
 */
function setLogLevel(logger: Logger, level: string): void {
  logger.level = level;
  PinoLogger.root.level = level;
}

/**
 * Logs each request with its method, status and the route that served it. Headers, queries and
 * bodies are not logged, because they may contain tokens. Neither are paths without a route: if a
 * client puts its token into one by mistake, the token must not appear in the log.
 */
export function requestLog(logger: Logger): Options<Routed> {
  return {
    logger,
    autoLogging: { ignore: (request: IncomingMessage) => QUIET_PATHS.test(request.url ?? '') },
    quietReqLogger: true,
    serializers: {
      req: ({ method }: { method: string }) => ({ method }),
      res: ({ statusCode }: { statusCode: number }) => ({ status: statusCode }),
      // pino-http makes an error of its own for a 5xx without one. It contains only the status, and
      // the code that failed has logged the cause.
      err: () => undefined,
    },
    customSuccessObject: (request, _response, fields: object) => ({ ...fields, route: routeOf(request) }),
    customErrorObject: (request, _response, _error, fields: object) => ({
      ...fields,
      route: routeOf(request),
    }),
  };
}

/** A request after Express has routed it. `path` is the route's pattern from the code. */
type Routed = IncomingMessage & { readonly route?: { readonly path: string } };

/**
 * The route's pattern. Nest's own middleware, a route with a wildcard for every path, is left out.
 */
function routeOf({ route }: Routed): string | undefined {
  return route?.path.includes('*') ? undefined : route?.path;
}

/**
 * Provides loggers. Each class that injects a {@link RateLimitedLog} gets its own, with the class
 * name as context.
 */
@Global()
@Module({})
export class LoggingModule {
  static forRoot(logger: Logger): DynamicModule {
    return {
      module: LoggingModule,
      imports: [LoggerModule.forRoot({ pinoHttp: requestLog(logger) })],
      providers: [
        LogMetrics,
        {
          provide: LogLevel,
          inject: [CLOCK],
          useFactory: (clock: Clock) =>
            new LogLevel({ clock, configured: logger.level, set: (level) => setLogLevel(logger, level) }),
        },
        {
          provide: OperatorLog,
          scope: Scope.TRANSIENT,
          inject: [INQUIRER],
          useFactory: ({ constructor }: object) => new OperatorLog(logger, constructor.name),
        },
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
      exports: [LogLevel, OperatorLog, RateLimitedLog],
    };
  }
}
