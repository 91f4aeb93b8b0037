/**
 * CLOCK_MONOTONIC in microseconds. All processes of a machine share this clock, and it cannot be
 * set.
 */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
