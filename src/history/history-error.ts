import { jittered } from '../common/jittered.js';
import type { ErrorCode, ErrorDetail } from '../contract/index.js';

const RETRY_MS = 1_000;

interface HistoryErrorMore {
  readonly details?: readonly ErrorDetail[];
  /** The time until the request may be repeated, ms. */
  readonly retryAfterMs?: number;
}

/** Why a page of history cannot be sent. Each way in turns it into an error of its own. */
export class HistoryError extends Error {
  constructor(
    readonly code: Extract<ErrorCode, 'INVALID_PAGE' | 'HISTORY_UNAVAILABLE'>,
    message: string,
    readonly more: HistoryErrorMore = {},
  ) {
    super(message);
  }
}

export function historyIsOff(): HistoryError {
  return new HistoryError('HISTORY_UNAVAILABLE', 'This gateway keeps no history. Use live updates only.');
}

export function portfolioHistoryIsOff(): HistoryError {
  const message =
    'This gateway keeps no history of portfolios. Use live updates only, or ask its operator to set PORTFOLIO_HISTORY_SECONDS.';
  return new HistoryError('HISTORY_UNAVAILABLE', message);
}

export function historyIsUnreadable(): HistoryError {
  const message = 'The gateway cannot read the history at the moment. Try again after retry_after_ms.';
  return new HistoryError('HISTORY_UNAVAILABLE', message, { retryAfterMs: jittered(RETRY_MS, 2) });
}

export function cursorOfAnotherRequest(): HistoryError {
  const problem =
    'is of another request; repeat all other fields of its request, of which only limit may change';
  return new HistoryError('INVALID_PAGE', 'The cursor does not belong to this request.', {
    details: [{ field: 'cursor', problem }],
  });
}
