/**
 * Exponential back-off with jitter, because clients that lost a gateway together must not reconnect
 * together.
 * @param attempt 1 for the first retry
 * @returns ms, between half of the step and the whole step
 */
export function backoffMs(attempt: number, firstMs: number, maxMs: number, random: () => number): number {
  const step = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 16));
  return Math.round(step * (0.5 + random() / 2));
}
