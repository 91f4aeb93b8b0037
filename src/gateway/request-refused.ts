import { WsException } from '@nestjs/websockets';
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
  ) {
    super(message);
  }

  toPayload(event: string): ErrorPayload {
    const { message, code, details } = this;
    return details ? { message, code, event, details } : { message, code, event };
  }
}

export function invalidSubscription(code: ErrorCode, details: readonly ErrorDetail[]): RequestRefused {
  return new RequestRefused(code, INVALID_SUBSCRIPTION_MESSAGE, details);
}
