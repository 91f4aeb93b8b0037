/** CLOCK_MONOTONIC in microseconds: one clock for all processes of a machine, and nobody sets it. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
