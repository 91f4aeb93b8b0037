import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { type ErrorPayload, type RequestRejection, ServerEvent } from '../contract/index.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { GatewayMetrics } from './gateway.metrics.js';
import { RequestError } from './request-error.js';

type Ack = (answer: RequestRejection) => void;

/**
 * Answers a request that failed with the documented `error` event and, where the client passed an acknowledgement, with
 * `{ok: false, error}`. A fault of ours says nothing of its cause to the client.
 */
@Catch()
export class GatewayExceptionFilter implements ExceptionFilter {
  constructor(
    private readonly metrics: GatewayMetrics,
    @InjectPinoLogger(GatewayExceptionFilter.name) private readonly log: PinoLogger,
  ) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const ws = host.switchToWs();
    const ack = host.getArgs<unknown[]>().find((arg): arg is Ack => typeof arg === 'function');
    this.refuse(ws.getClient<GatewaySocket>(), ws.getPattern(), exception, ack);
  }

  refuse(client: GatewaySocket, event: string, exception: unknown, ack?: Ack): void {
    const error = this.payloadOf(exception, event);
    this.metrics.clientErrors.inc({ code: error.code });
    // The name of an event that there is none of is the client's own text, and may be anything it should have kept.
    const known = error.code !== 'UNKNOWN_EVENT' && { event };
    this.log.debug({ client_id: client.id, code: error.code, ...known }, 'client_request_refused');
    client.emit(ServerEvent.error, error);
    ack?.({ ok: false, error });
  }

  private payloadOf(exception: unknown, event: string): ErrorPayload {
    if (exception instanceof RequestError) return exception.toPayload(event);
    this.log.error({ err: exception, event }, 'client_request_failed');
    return new RequestError('INTERNAL_ERROR', 'The request failed; please try again').toPayload(event);
  }
}
