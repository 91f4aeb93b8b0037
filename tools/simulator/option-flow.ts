import type { Random } from './random.js';

/** Trades per second of an option at the money. */
const BUSIEST = 1.5;
/** Trades per second of the least liquid option, about two an hour. */
const QUIETEST = 0.0005;
/** The distances in standard deviations within which most of the trade takes place. */
const OUT_OF_THE_MONEY = 1.1;
const IN_THE_MONEY = 0.6;
/** The expiry next to come is traded most. Its interest falls by a factor e in so many days. */
const INTEREST_DAYS = 12;
const LEAST_INTEREST = 0.03;

/** Where most contracts are open, in standard deviations out of the money. */
const OPEN_AT = 0.8;
const OPEN_WIDTH = 1.3;
const LEAST_OPEN = 0.01;

/** Contracts of one trade, on average. */
export const TRADE_SIZE = 12;
/** A trade opens or closes contracts, by a share of its size between these. */
const CLOSED_SHARE = -0.4;
const OPENED_SHARE = 0.5;

/** How much of the trade in a product takes place in an expiry, 0 to 1. */
export function interestIn(years: number): number {
  return Math.max(LEAST_INTEREST, Math.exp((-years * 365) / INTEREST_DAYS));
}

/** Traders prefer round strikes. */
export function roundness(strike: number, step: number): number {
  const steps = Math.round(strike / step);
  if (steps % 10 === 0) return 1.8;
  return steps % 2 === 0 ? 1.2 : 0.8;
}

/**
 * How often an option of the expiry next to come trades, per second.
 * @param distance out of the money in standard deviations; negative in the money
 */
export function tradesPerSecond(distance: number): number {
  const width = distance > 0 ? OUT_OF_THE_MONEY : IN_THE_MONEY;
  return QUIETEST + BUSIEST * Math.exp(-0.5 * (distance / width) ** 2);
}

/**
 * The open interest at the start, as a share of that of a liquid strike.
 * @param distance out of the money in standard deviations; negative in the money
 */
export function openInterestShare(distance: number): number {
  return LEAST_OPEN + Math.exp(-0.5 * ((distance - OPEN_AT) / OPEN_WIDTH) ** 2);
}

/** What trades add to the volume and the open interest of an option. */
export interface Traded {
  readonly volume: number;
  /** Negative if more contracts were closed than opened. Never more than the volume. */
  readonly opened: number;
}

/** The sizes of some trades together, at least one contract each. */
export function tradeOf(trades: number, random: Random): Traded {
  let size = 0;
  // The sum of many sizes is close to its mean.
  if (trades > 20) size = trades * (TRADE_SIZE - 1) * random.between(0.8, 1.2);
  else for (let i = 0; i < trades; i++) size -= (TRADE_SIZE - 1) * Math.log(1 - random.next());
  const volume = trades + Math.round(size);
  return { volume, opened: Math.round(volume * random.between(CLOSED_SHARE, OPENED_SHARE)) };
}
