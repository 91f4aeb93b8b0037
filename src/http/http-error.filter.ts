import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Response } from 'express';
import type { Logger } from 'pino';
import { maskSecrets } from '../config/mask-secrets.js';
import { messageOf } from '../common/message-of.js';

/**
 * Sends the status of a failed request and the name of that status. Error messages are not sent:
 * those of Nest and Express repeat the path, which may contain a token by mistake, and those of
 * internal errors reveal internals.
 */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Pick<Logger, 'error'>) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const statusCode = statusOf(exception);
    if (statusCode >= 500) {
      this.log.error(
        { problem: maskSecrets(messageOf(exception)), at: framesOf(exception) },
        'request_failed',
      );
    }
    // A response that has been sent in part can only be cut off.
    if (response.headersSent) response.destroy();
    else response.status(statusCode).json({ statusCode, message: STATUS_CODES[statusCode] });
  }
}

function statusOf(exception: unknown): number {
  if (exception instanceof HttpException) return exception.getStatus();
  // Errors of the middleware of Express carry a status if the client caused them.
  const given = exception instanceof Error && 'status' in exception ? exception.status : undefined;
  return typeof given === 'number' && given >= 400 && given < 500 && given in STATUS_CODES ? given : 500;
}

/** Returns the stack frames without the first lines, which contain the message. */
export function framesOf(exception: unknown): string[] {
  const stack = exception instanceof Error ? (exception.stack ?? '') : '';
  return stack.split('\n').filter((line) => /^\s+at /.test(line));
}
