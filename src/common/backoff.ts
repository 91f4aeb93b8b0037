/** Clients are to have the newest prices within 5 s of the end of an outage, however long it was. */
const LONGEST_MS = 2_000;

/**
 * Exponential back-off with jitter, for ever: replicas that lost Redis together must not come back together.
 * @param attempt 1 for the first retry
 * @param firstMs the first step
 * @returns ms, between half and the whole of the step
 */
export function backoffMs(attempt: number, firstMs = 100, random: () => number = Math.random): number {
  const step = Math.min(LONGEST_MS, firstMs * 2 ** Math.min(attempt - 1, 16));
  return Math.round(step * (0.5 + random() / 2));
}

/** Time between attempts to subscribe on a connection that is up but refuses, ms. */
export const RESUBSCRIBE_MS = 2_000;
