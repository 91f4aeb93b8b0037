import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Response } from 'express';
import type { ErrorDetail } from '../../contract/index.js';
import { UnknownReplicaError } from '../../replicas/replica-calls.js';

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
  readonly details?: readonly ErrorDetail[];
}

/** Sends the text of refusals. All other errors are left to the filter of the application. */
@Catch(AdminError, UnknownReplicaError)
export class AdminExceptionFilter implements ExceptionFilter {
  catch(error: AdminError | UnknownReplicaError, host: ArgumentsHost): void {
    const [statusCode, details] = error instanceof AdminError ? [error.getStatus(), error.details] : [404];
    const body: AdminErrorBody = { statusCode, message: error.message, ...(details && { details }) };
    host.switchToHttp().getResponse<Response>().status(statusCode).json(body);
  }
}
