import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { ErrorResponder, type RejectionAck } from './error-responder.js';

/** Passes errors of handlers and pipes to the {@link ErrorResponder}. */
@Catch()
export class GatewayExceptionFilter implements ExceptionFilter {
  constructor(private readonly responder: ErrorResponder) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const ws = host.switchToWs();
    const ack = host.getArgs<unknown[]>().find((arg): arg is RejectionAck => typeof arg === 'function');
    this.responder.reject(ws.getClient<GatewaySocket>(), ws.getPattern(), exception, ack);
  }
}
