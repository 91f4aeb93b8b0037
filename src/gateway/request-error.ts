import { WsException } from '@nestjs/websockets';
import type { AuthError } from '../auth/auth-error.js';
import { jittered } from '../common/jittered.js';
import {
  ClientEvent,
  type ErrorCode,
  type ErrorDetail,
  type ErrorPayload,
  GENERAL_ROOM,
  INVALID_HISTORY_MESSAGE,
  INVALID_SUBSCRIPTION_MESSAGE,
  PORTFOLIO_ROOM,
} from '../contract/index.js';
import type { HistoryError } from '../history/history-error.js';
import { messageProblem, UNREADABLE_MESSAGE } from '../transports/message-problem.js';

/**
 * Thrown for a request that the gateway refuses. `ErrorResponder` turns it into the `error` event
 * and the negative acknowledgement.
 */
export class RequestError extends WsException {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details?: readonly ErrorDetail[],
    /** The time until the request may be repeated, ms. */
    readonly retryAfterMs?: number,
    /** The rooms of the request that caused the refusal. Without them the request would succeed. */
    readonly rooms?: readonly string[],
  ) {
    super(message);
  }

  static ofToken({ code, message, retryAfterMs }: AuthError): RequestError {
    return new RequestError(code, message, undefined, retryAfterMs);
  }

  static ofHistory({ code, message, more }: HistoryError): RequestError {
    const { details, retryAfterMs } = more;
    return new RequestError(code, message, details, retryAfterMs);
  }

  toPayload(event: string): ErrorPayload {
    const { message, code, details, retryAfterMs, rooms } = this;
    return {
      message,
      code,
      event,
      ...(details && { details }),
      ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
      ...(rooms && { rooms }),
    };
  }
}

export function invalidSubscription(code: ErrorCode, details: readonly ErrorDetail[]): RequestError {
  return new RequestError(code, INVALID_SUBSCRIPTION_MESSAGE, details);
}

export function invalidHistory(code: ErrorCode, details: readonly ErrorDetail[]): RequestError {
  return new RequestError(code, INVALID_HISTORY_MESSAGE, details);
}

const RETRY_UNKNOWN_MS = 30_000;

/**
 * A product is unknown only until its first message arrives, so the client is asked to try again
 * later.
 * @param most the limit of rooms of unknown products
 * @param rooms the rooms of the request that exceed it
 */
export function tooManyUnknown(most: number, rooms: readonly string[]): RequestError {
  const message =
    `More than ${most} of your rooms would be of products that this gateway has never seen. Subscribe again after ` +
    'retry_after_ms to the rooms that `rooms` names; you may subscribe to the others now.';
  const problem = `must not bring the subscriptions to products that the gateway has never seen above ${most}`;
  const retryAfterMs = jittered(RETRY_UNKNOWN_MS, 1);
  const details = [{ field: 'symbols', problem }];
  return new RequestError('TOO_MANY_SUBSCRIPTIONS', message, details, retryAfterMs, rooms);
}

const RETRY_VIEWS_MS = 30_000;

/** @param rooms the rooms of the request that would be too many views */
export function tooManyViews(rooms: readonly string[]): RequestError {
  const message =
    'This gateway sends as many different views as it can. Subscribe to views that others use or to the rooms ' +
    'themselves, or try again after retry_after_ms for the rooms that `rooms` names.';
  return new RequestError('TOO_MANY_VIEWS', message, undefined, jittered(RETRY_VIEWS_MS, 1), rooms);
}

/** The most rooms that an error names. */
const MAX_NAMED = 10;
const RETRY_SNAPSHOT_MS = 1_000;

export function forbidden(message: string, rooms: readonly string[]): RequestError {
  return new RequestError('FORBIDDEN', message, named(rooms, 'is not allowed'));
}

export function snapshotUnavailable(rooms: readonly string[]): RequestError {
  const retryAfterMs = jittered(RETRY_SNAPSHOT_MS, 2);
  const message = 'The gateway cannot look up the snapshot at the moment. Try again after retry_after_ms.';
  return new RequestError(
    'SNAPSHOT_UNAVAILABLE',
    message,
    named(rooms, 'cannot be looked up at the moment'),
    retryAfterMs,
  );
}

function named(rooms: readonly string[], problem: string): ErrorDetail[] {
  return rooms.slice(0, MAX_NAMED).map((room) => ({
    field: room === GENERAL_ROOM || room === PORTFOLIO_ROOM ? 'type' : 'symbol',
    problem: `${room} ${problem}`,
  }));
}

export function unknownEvent(): RequestError {
  const events = Object.values(ClientEvent).join(', ');
  return new RequestError('UNKNOWN_EVENT', `The gateway has no event of this name. Use one of ${events}.`);
}

/** The error for a message that its transport could not read; undefined for any other message. */
export function unreadableMessage(event: string, [data]: readonly unknown[]): RequestError | undefined {
  const detail = event === UNREADABLE_MESSAGE ? messageProblem(data) : undefined;
  if (!detail) return undefined;
  const message = 'The message cannot be read. Send one as the documentation of your transport describes.';
  return new RequestError('INVALID_PAYLOAD', message, [detail]);
}

export function tooMuchWork(retryAfterMs: number): RequestError {
  const message = 'Your requests ask for too much work. Wait for retry_after_ms, or ask for less at a time.';
  return new RequestError('RATE_LIMITED', message, undefined, retryAfterMs);
}

const RETRY_BUSY_MS = 1_000;

export function tooManyWaiting(): RequestError {
  const message = 'Too many requests are waiting for an answer. Try again after retry_after_ms.';
  const retryAfterMs = jittered(RETRY_BUSY_MS, 2);
  return new RequestError('RATE_LIMITED', message, undefined, retryAfterMs);
}

export function tooManyEvents(retryAfterMs: number): RequestError {
  return new RequestError(
    'RATE_LIMITED',
    'You are sending messages too fast. Wait for retry_after_ms, then send more slowly.',
    undefined,
    retryAfterMs,
  );
}
