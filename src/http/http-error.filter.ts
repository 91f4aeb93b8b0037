import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Response } from 'express';
import type { Logger } from 'pino';
import { maskSecrets } from '../config/mask-secrets.js';
import { messageOf } from '../common/message-of.js';

/**
 * Answers a request that failed with its status and that status' name. Messages stay here: Nest's and Express' own repeat the
 * path, where tokens end up by mistake, and those of faults tell of the inside.
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
    // Half an answer cannot be taken back, only be cut short.
    if (response.headersSent) response.destroy();
    else response.status(statusCode).json({ statusCode, message: STATUS_CODES[statusCode] });
  }
}

function statusOf(exception: unknown): number {
  if (exception instanceof HttpException) return exception.getStatus();
  // What Express' own middleware throws has the status of a client's mistake with it.
  const given = exception instanceof Error && 'status' in exception ? exception.status : undefined;
  return typeof given === 'number' && given >= 400 && given < 500 && given in STATUS_CODES ? given : 500;
}

/** Where it was thrown: the stack without its first lines, which are the message. */
function framesOf(exception: unknown): string[] {
  const stack = exception instanceof Error ? (exception.stack ?? '') : '';
  return stack.split('\n').filter((line) => /^\s+at /.test(line));
}
