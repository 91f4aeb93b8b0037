import { isExpiry, isSymbol, SYMBOL_RULE } from '../../src/contract/symbol.js';
import { type Clock, microsecondClock } from './clock.js';
import { DEFAULT_PRODUCTS } from './instruments.js';
import {
  type MarketMessage,
  type MarketSettings,
  MAX_STRIKES,
  MIN_CHAIN_BYTES,
  ProductMarket,
} from './product-market.js';
import { Random } from './random.js';

export type { MarketMessage } from './product-market.js';

export interface SimulatorOptions extends MarketSettings {
  /** Default: the eight products of the platform. */
  readonly products?: readonly string[];
  /** The same seed generates the same prices. Default: a random one. */
  readonly seed?: number;
  readonly clock?: Clock;
}

/** The largest `chainBytes`, which is the size of the largest chains in production. */
export const MAX_CHAIN_BYTES = 102_400;

/** A product's chains are published with every fifth of its ticks. */
export const TICKS_PER_CHAIN = 5;

/**
 * Simulates the platform's output: a price of every product per tick, and its chains every fifth
 * tick. It has no timer, so the caller of {@link tick} sets the pace (see `simulatedFeed`).
 */
export class MarketSimulator {
  readonly products: readonly string[];
  /** Repeats the prices of this run when it is passed as an option. */
  readonly seed: number;
  private readonly markets: readonly ProductMarket[];
  private ticks = 0;

  /** @throws RangeError that names an option that is out of range. */
  constructor(options: SimulatorOptions = {}) {
    checkOptions(options);
    this.products = [...(options.products ?? DEFAULT_PRODUCTS)];
    this.seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
    const random = new Random(this.seed);
    const clock = options.clock ?? microsecondClock();
    this.markets = this.products.map(
      (product) => new ProductMarket(product, options, random.fork(product), clock),
    );
  }

  /**
   * The messages of the next tick in the order of publication: each product's price, then its
   * chains if they are due.
   */
  tick(): MarketMessage[] {
    const tick = this.ticks++;
    return this.markets.flatMap((market, index) => {
      const price = market.nextPrice();
      // As in the recording, a tick has the chains of one or two of eight products, so that the
      // load is even.
      const chainsDue = (3 * tick + index) % TICKS_PER_CHAIN === 0;
      return chainsDue ? [price, ...market.chains()] : [price];
    });
  }
}

function checkOptions(options: SimulatorOptions): void {
  const { products, expiries, strikes, chainBytes, tradedShare, volatility, tickSeconds } = options;
  if (products) checkNames('products', products, isSymbol, SYMBOL_RULE);
  if (typeof expiries === 'number') checkRange('expiries', expiries, 1, 52, true);
  else if (expiries) checkNames('expiries', expiries, isExpiry, 'a date YYYY-MM-DD');
  if (strikes !== undefined && chainBytes !== undefined)
    throw new RangeError('strikes and chainBytes exclude each other');
  if (strikes !== undefined) checkRange('strikes', strikes, 1, MAX_STRIKES, true);
  if (chainBytes !== undefined) checkRange('chainBytes', chainBytes, MIN_CHAIN_BYTES, MAX_CHAIN_BYTES, true);
  if (tradedShare !== undefined) checkRange('tradedShare', tradedShare, 0, 1, false);
  if (volatility !== undefined) checkRange('volatility', volatility, 0, 0.1, false);
  if (tickSeconds !== undefined) checkRange('tickSeconds', tickSeconds, 0, 86_400, false);
}

function checkNames(
  option: string,
  names: readonly string[],
  valid: (name: string) => boolean,
  rule: string,
): void {
  if (names.length === 0) throw new RangeError(`${option} must not be empty`);
  if (new Set(names).size < names.length) throw new RangeError(`${option} must not name one twice`);
  if (!names.every(valid)) throw new RangeError(`each of ${option} must be ${rule}`);
}

function checkRange(name: string, value: number, min: number, max: number, whole: boolean): void {
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return;
  throw new RangeError(`${name} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
}
