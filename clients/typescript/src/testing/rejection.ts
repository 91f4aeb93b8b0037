import {
  type ErrorCode,
  type ErrorDetail,
  type ErrorPayload,
  INVALID_HISTORY_MESSAGE,
  INVALID_SUBSCRIPTION_MESSAGE,
} from '../contract/index.js';

/** Thrown for a request that the gateway refuses. */
export class Rejection extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly more: Partial<ErrorPayload> = {},
  ) {
    super(message);
  }

  payload(event: string): ErrorPayload {
    return { message: this.message, code: this.code, event, ...this.more };
  }
}

export function invalid(code: ErrorCode, details: readonly ErrorDetail[]): Rejection {
  return new Rejection(code, INVALID_SUBSCRIPTION_MESSAGE, { details });
}

export function invalidHistory(code: ErrorCode, details: readonly ErrorDetail[]): Rejection {
  return new Rejection(code, INVALID_HISTORY_MESSAGE, { details });
}

export function cursorOfAnotherRequest(): Rejection {
  const problem =
    'is of another request; repeat all other fields of its request, of which only limit may change';
  return new Rejection('INVALID_PAGE', 'The cursor does not belong to this request.', {
    details: [{ field: 'cursor', problem }],
  });
}
