import { WsException } from '@nestjs/websockets';
import type { AuthRefused } from '../auth/auth-refused.js';
import {
  ClientEvent,
  type ErrorCode,
  type ErrorDetail,
  type ErrorPayload,
  INVALID_SUBSCRIPTION_MESSAGE,
} from '../contract/index.js';

/** A client's request that is not done; the filter makes the `error` event and the negative acknowledgement of it. */
export class RequestRefused extends WsException {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details?: readonly ErrorDetail[],
    /** When the request may be made again, ms from now. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }

  static ofToken({ code, message, retryAfterMs }: AuthRefused): RequestRefused {
    return new RequestRefused(code, message, undefined, retryAfterMs);
  }

  toPayload(event: string): ErrorPayload {
    const { message, code, details, retryAfterMs } = this;
    return {
      message,
      code,
      event,
      ...(details && { details }),
      ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
    };
  }
}

export function invalidSubscription(code: ErrorCode, details: readonly ErrorDetail[]): RequestRefused {
  return new RequestRefused(code, INVALID_SUBSCRIPTION_MESSAGE, details);
}

export function unknownEvent(): RequestRefused {
  const events = Object.values(ClientEvent).join(', ');
  return new RequestRefused('UNKNOWN_EVENT', `There is no such event; there are ${events}`);
}

export function tooManyEvents(retryAfterMs: number): RequestRefused {
  return new RequestRefused('RATE_LIMITED', 'Too many messages; slow down', undefined, retryAfterMs);
}
