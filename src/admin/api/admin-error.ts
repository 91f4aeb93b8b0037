import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Response } from 'express';
import type { ErrorDetail } from '../../contract/index.js';
import { TooManyCallsError, UnknownReplicaError } from '../../replicas/replica-calls.js';

/** A refusal that tells the operator what to change. Its texts are the gateway's own. */
export class AdminError extends HttpException {
  constructor(
    status: number,
    readonly text: string,
    readonly details?: readonly ErrorDetail[],
  ) {
    super(text, status);
  }
}

/** The body of a refusal. */
export interface AdminErrorBody {
  readonly statusCode: number;
  readonly message: string;
  /** What is wrong with which field. Left out unless fields are wrong. */
  readonly details?: readonly ErrorDetail[];
}

/** Sends the text of refusals. All other errors are left to the filter of the application. */
@Catch(AdminError, UnknownReplicaError, TooManyCallsError)
export class AdminExceptionFilter implements ExceptionFilter {
  catch(error: AdminError | UnknownReplicaError | TooManyCallsError, host: ArgumentsHost): void {
    const [statusCode, details] =
      error instanceof AdminError
        ? [error.getStatus(), error.details]
        : [error instanceof UnknownReplicaError ? 404 : 503];
    const body: AdminErrorBody = { statusCode, message: error.message, ...(details && { details }) };
    host.switchToHttp().getResponse<Response>().status(statusCode).json(body);
  }
}
