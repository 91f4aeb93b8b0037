/** Rounds to `digits` decimals. Never returns -0, which Python would print. */
export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale + 0;
}
