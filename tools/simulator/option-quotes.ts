/** The half spread at the money, as a share of the price of the underlying that is hedged with. */
const TIGHTEST = 5e-5;
/** By how much it grows with the square of the distance in standard deviations. */
const WIDENING = 2.5e-4;
const WIDEST = 6e-3;
/** The half spread is at most this share of the value, so that the bid stays above 0. */
const MOST_OF_VALUE = 0.9;
/** Absorbs the error of a multiplication, so that a price on the grid stays where it is. */
const TOLERANCE = 1e-6;

export interface Quote {
  /** 0 for an option that is worth less than a tick. */
  readonly bid: number;
  readonly ask: number;
}

/**
 * The half spread of a market maker, as a share of the price of the underlying, for an option with
 * delta 1. Far strikes are traded rarely, so their market makers ask more for the risk.
 * @param distance from the money in standard deviations
 */
export function hedgingCost(distance: number): number {
  return Math.min(WIDEST, TIGHTEST + WIDENING * distance * distance);
}

/**
 * Bid and ask around a value, on the grid of `1 / ticksPerUnit`. Their middle differs from the value
 * by half a tick at most.
 */
export function quoteAround(value: number, halfSpread: number, ticksPerUnit: number): Quote {
  const half = Math.min(Math.max(halfSpread, 0.5 / ticksPerUnit), value * MOST_OF_VALUE);
  const bid = Math.floor((value - half) * ticksPerUnit + TOLERANCE);
  const ask = Math.max(bid + 1, Math.ceil((value + half) * ticksPerUnit - TOLERANCE));
  return { bid: bid / ticksPerUnit, ask: ask / ticksPerUnit };
}

/**
 * A price on the grid in the inner part of a quote, at least one tick.
 * @param place where in the spread: 0 is the bid, 1 the ask
 */
export function priceWithin({ bid, ask }: Quote, place: number, ticksPerUnit: number): number {
  const ticks = Math.round((bid + (ask - bid) * place) * ticksPerUnit);
  return Math.max(1, ticks) / ticksPerUnit;
}
