import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { type ErrorPayload, type RequestRejection, ServerEvent } from '../contract/index.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { failCurrentSpan } from '../tracing/in-span.js';
import { GatewayMetrics } from './gateway.metrics.js';
import { RequestError } from './request-error.js';

export type RejectionAck = (answer: RequestRejection) => void;

/**
 * Rejects a request with the documented `error` event and, if the client passed an acknowledgement,
 * with `{ok: false, error}`. An internal error is logged, but its cause is not revealed to the
 * client.
 */
@Injectable()
export class ErrorResponder {
  constructor(
    private readonly metrics: GatewayMetrics,
    @InjectPinoLogger(ErrorResponder.name) private readonly log: PinoLogger,
  ) {}

  reject(client: GatewaySocket, event: string, exception: unknown, ack?: RejectionAck): void {
    const error = this.payloadOf(exception, event);
    this.metrics.clientErrors.inc({ code: error.code });
    failCurrentSpan(error.code);
    // Do not log the name of an unknown event: it is arbitrary text of the client, possibly even a
    // token.
    const known = error.code !== 'UNKNOWN_EVENT' && { event };
    this.log.debug({ client_id: client.id, code: error.code, ...known }, 'client_request_refused');
    client.emit(ServerEvent.error, error);
    ack?.({ ok: false, error });
  }

  private payloadOf(exception: unknown, event: string): ErrorPayload {
    if (exception instanceof RequestError) return exception.toPayload(event);
    this.log.error({ err: exception, event }, 'client_request_failed');
    return new RequestError(
      'INTERNAL_ERROR',
      'The gateway failed to process the request. Try again.',
    ).toPayload(event);
  }
}
