import type { ChainView } from '@deltastream/socket-client';

type Value = number | null;

/** Strikes, then the values of the calls and those of the puts. */
export type StrikeData = [number[], Value[], Value[]];

/** The open interest by strike. That of the puts is below 0, so that the bars mirror each other. */
export function interestData({ strikes, calls, puts }: ChainView): StrikeData {
  const values = (of: readonly Value[] | undefined, sign: 1 | -1): Value[] =>
    strikes.map((_, at) => {
      const value = of?.[at] ?? null;
      return value === null ? null : sign * value;
    });
  return [[...strikes], values(calls.open_interest, 1), values(puts.open_interest, -1)];
}

/** Implied volatility by strike, in percent. Without a value the line has a gap. */
export function smileData({ strikes, calls, puts }: ChainView): StrikeData {
  const values = (of: readonly Value[] | undefined): Value[] =>
    strikes.map((_, at) => {
      const value = of?.[at] ?? null;
      // Platforms write 0 if they could not compute it.
      return value === null || value <= 0 ? null : value * 100;
    });
  return [[...strikes], values(calls.iv), values(puts.iv)];
}

/** The smallest distance between two strikes; 1 if there are fewer than two. */
export function pitchOf(strikes: readonly number[]): number {
  let least = Infinity;
  for (let at = 1; at < strikes.length; at++) least = Math.min(least, strikes[at]! - strikes[at - 1]!);
  return Number.isFinite(least) ? least : 1;
}
