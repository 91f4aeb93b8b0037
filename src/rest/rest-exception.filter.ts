import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { messageOf } from '../common/message-of.js';
import { maskSecrets } from '../config/mask-secrets.js';
import { framesOf } from '../http/http-error.filter.js';
import { RestError } from './rest-error.js';
import { exposeHeaders } from './rest-responder.js';
import { RestMetrics } from './rest.metrics.js';

/** Sends the documented body of each error. An unexpected error reveals nothing. */
@Catch()
export class RestExceptionFilter implements ExceptionFilter {
  constructor(
    private readonly metrics: RestMetrics,
    @InjectPinoLogger(RestExceptionFilter.name) private readonly log: PinoLogger,
  ) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const error = exception instanceof RestError ? exception : this.unexpected(exception);
    const { status, retryAfterMs } = error;
    // A client that has gone gets no response. Its request may have failed because it has gone.
    if (response.destroyed) return;
    this.metrics.count(http.getRequest<Request>(), status);
    if (response.headersSent) {
      response.destroy(); // a response that has been sent in part can only be cut off
      return;
    }
    exposeHeaders(response);
    response.removeHeader('ETag');
    response.removeHeader('Link');
    response.setHeader('Cache-Control', 'no-store');
    if (status === 401) response.setHeader('WWW-Authenticate', challengeOf(error));
    if (status === 405) response.setHeader('Allow', 'GET, HEAD, OPTIONS');
    if (retryAfterMs !== undefined) response.setHeader('Retry-After', Math.ceil(retryAfterMs / 1_000));
    // Express would tag the body of an error as if it could be cached.
    const body = Buffer.from(JSON.stringify(error.body));
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Content-Length', body.length);
    response.status(status).end(body);
  }

  private unexpected(exception: unknown): RestError {
    this.log.error({ problem: maskSecrets(messageOf(exception)), at: framesOf(exception) }, 'request_failed');
    return new RestError('INTERNAL_ERROR', 'The gateway failed to process the request. Try again.');
  }
}

function challengeOf({ code }: RestError): string {
  return code === 'AUTH_REQUIRED' ? 'Bearer' : 'Bearer error="invalid_token"';
}
