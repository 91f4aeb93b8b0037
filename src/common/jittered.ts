/**
 * Returns a random time from `ms` to `(1 + spread) * ms`, so that clients that were refused
 * together do not retry together.
 */
export function jittered(ms: number, spread: number): number {
  return Math.round(ms * (1 + spread * Math.random()));
}
