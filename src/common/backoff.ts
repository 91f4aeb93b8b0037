/**
 * The longest step, ms. It is short because clients should have the newest prices within 5 s of the
 * end of an outage, however long the outage was.
 */
const LONGEST_MS = 2_000;

/**
 * Returns the delay before the next retry: exponential back-off with jitter, without an end.
 * Replicas that lost Redis together must not reconnect together.
 * @param attempt 1 for the first retry
 * @param firstMs the first step, ms
 * @returns ms, between half of the step and the whole step
 */
export function backoffMs(attempt: number, firstMs = 100, random: () => number = Math.random): number {
  const step = Math.min(LONGEST_MS, firstMs * 2 ** Math.min(attempt - 1, 16));
  return Math.round(step * (0.5 + random() / 2));
}

/** The time between attempts to subscribe on a connection that is up but refuses to, ms. */
export const RESUBSCRIBE_MS = 2_000;
