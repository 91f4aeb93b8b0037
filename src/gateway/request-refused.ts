import { WsException } from '@nestjs/websockets';
import type { AuthRefused } from '../auth/auth-refused.js';
import {
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
    /** When it may be made again, ms from now. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }

  static ofToken({ code, message, retryAfterMs }: AuthRefused): RequestRefused {
    return new RequestRefused(code, message, undefined, retryAfterMs);
  }

  toPayload(event: string): ErrorPayload {
    const { message, code, details, retryAfterMs: retry_after_ms } = this;
    return {
      message,
      code,
      event,
      ...(details && { details }),
      ...(retry_after_ms !== undefined && { retry_after_ms }),
    };
  }
}

export function invalidSubscription(code: ErrorCode, details: readonly ErrorDetail[]): RequestRefused {
  return new RequestRefused(code, INVALID_SUBSCRIPTION_MESSAGE, details);
}
