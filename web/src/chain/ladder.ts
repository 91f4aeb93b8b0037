import type { ChainView } from '@deltastream/socket-client';
import type { Baseline } from './baseline.js';
import type { Column } from './columns.js';

export type Side = 'calls' | 'puts';
export const SIDES: readonly Side[] = ['calls', 'puts'];

/** An option chain with what the ladder marks in it. Strikes are named by their index. */
export interface Ladder {
  readonly chain: ChainView;
  /** The strike at the money; -1 if the chain has no strikes. */
  readonly atm: number;
  /** -1 if the strike is not among those of the view, which may be a part of the chain. */
  readonly maxPain: number;
  /** The first strike above the price of the product: the puts are in the money from here on. */
  readonly firstAbove: number;
  /** The largest open interest of all options. It has the longest bar. */
  readonly largestOi: number;
  /** The strike with the largest open interest of a side; -1 if none has any. */
  readonly walls: Readonly<Record<Side, number>>;
}

export function ladderOf(chain: ChainView): Ladder {
  const { strikes, spot_price, max_pain_strike } = chain;
  const walls = { calls: largest(chain.calls.open_interest), puts: largest(chain.puts.open_interest) };
  const above = strikes.findIndex((strike) => strike > spot_price);
  return {
    chain,
    // The same rule as that of the gateway, which chooses the strikes of a view by it.
    atm: nearest(strikes, chain.atm_strike ?? spot_price),
    maxPain: strikes.indexOf(max_pain_strike),
    firstAbove: above < 0 ? strikes.length : above,
    largestOi: Math.max(0, ...SIDES.map((side) => chain[side].open_interest?.[walls[side]] ?? 0)),
    walls,
  };
}

/**
 * The value of a cell; `null` if the platform did not send it, or if the view does not have it.
 * @param baseline what changes are relative to. Without it there are none.
 */
export function valueOf(
  { chain }: Ladder,
  side: Side,
  index: number,
  { source, isChange }: Column,
  baseline: Baseline | undefined,
): number | null {
  const value = chain[side][source]?.[index] ?? null;
  if (!isChange || value === null) return value;
  const before = baseline?.of(chain.strikes[index]!, side, source === 'last' ? 'last' : 'oi') ?? null;
  return before === null ? null : value - before;
}

/** The index of the strike that is nearest to a price, the lower one of two; -1 if there are none. */
export function nearest(strikes: readonly number[], price: number): number {
  let found = -1;
  let distance = Infinity;
  for (let at = 0; at < strikes.length; at++) {
    const here = Math.abs(strikes[at]! - price);
    if (here < distance) [found, distance] = [at, here];
  }
  return found;
}

/** The index of the largest number above 0; -1 if there is none. */
function largest(values: readonly (number | null)[] = []): number {
  let found = -1;
  let most = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value > most) [found, most] = [at, value];
  }
  return found;
}
