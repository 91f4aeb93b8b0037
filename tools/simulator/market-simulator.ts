import { isExpiry, isSymbol, SYMBOL_RULE } from '../../src/contract/symbol.js';
import { type Clock, microsecondClock } from './clock.js';
import { DEFAULT_PRODUCTS } from './instruments.js';
import { type MarketMessage, type MarketSettings, MIN_CHAIN_BYTES, ProductMarket } from './product-market.js';
import { Random } from './random.js';
import { CONDITIONS, isScenario, type Scenario, SCENARIOS } from './scenarios.js';
import { MAX_STRIKES } from './strike-grid.js';
import { TradingHalts } from './trading-halts.js';

export type { MarketMessage } from './product-market.js';

export interface SimulatorOptions extends MarketSettings {
  /** Default: the eight products of the platform. */
  readonly products?: readonly string[];
  /** Default `normal`. */
  readonly scenario?: Scenario;
  /**
   * The simulated seconds between two ticks of a normal market. Default 1. `1 / ticksPerSecond`
   * keeps price movements realistic at any rate.
   */
  readonly tickSeconds?: number;
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
  private readonly random: Random;
  private readonly markets: readonly ProductMarket[];
  private readonly tickSeconds: number;
  private ticks = 0;
  private current: Scenario = 'normal';
  private halts: TradingHalts | undefined;

  /** @throws RangeError that names an option that is out of range. */
  constructor(options: SimulatorOptions = {}) {
    checkOptions(options);
    this.products = [...(options.products ?? DEFAULT_PRODUCTS)];
    this.seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
    this.tickSeconds = options.tickSeconds ?? 1;
    this.random = new Random(this.seed);
    const clock = options.clock ?? microsecondClock();
    this.markets = this.products.map((product) => new ProductMarket(product, options, this.random, clock));
    this.play(options.scenario ?? 'normal');
  }

  get scenario(): Scenario {
    return this.current;
  }

  /** How many times as many ticks per second as in a normal market are due. */
  get pace(): number {
    return CONDITIONS[this.current].pace;
  }

  /** The next ticks follow `scenario`. Prices go on from where they are, and a halt ends. */
  play(scenario: Scenario): void {
    if (scenario === this.current) return;
    this.current = scenario;
    const conditions = CONDITIONS[scenario];
    for (const market of this.markets) market.use(conditions);
    this.halts = conditions.halting
      ? new TradingHalts(this.products, this.random.fork(`halts ${this.ticks}`))
      : undefined;
  }

  /**
   * The messages of the next tick in the order of publication: each product's price, then its
   * chains if they are due. Nothing of a product whose trading is halted.
   */
  tick(): MarketMessage[] {
    const tick = this.ticks++;
    const seconds = this.tickSeconds / this.pace;
    const reopened = this.halts?.advance(seconds);
    return this.markets.flatMap((market, index) => {
      const product = this.products[index];
      if (product === this.halts?.halted) {
        market.pause(seconds);
        return [];
      }
      if (product === reopened) market.reopen();
      const price = market.nextPrice(seconds);
      // As in the recording, a tick has the chains of one or two of eight products, so that the
      // load is even.
      const chainsDue = (3 * tick + index) % TICKS_PER_CHAIN === 0;
      return chainsDue ? [price, ...market.chains()] : [price];
    });
  }
}

function checkOptions(options: SimulatorOptions): void {
  const { products, expiries, strikes, chainBytes, quotedShare, volatility, tickSeconds, scenario } = options;
  if (products) checkNames('products', products, isSymbol, SYMBOL_RULE);
  if (typeof expiries === 'number') checkRange('expiries', expiries, 1, 52, true);
  else if (expiries) checkNames('expiries', expiries, isExpiry, 'a date YYYY-MM-DD');
  if (strikes !== undefined && chainBytes !== undefined)
    throw new RangeError('strikes and chainBytes exclude each other');
  if (strikes !== undefined) checkRange('strikes', strikes, 1, MAX_STRIKES, true);
  if (chainBytes !== undefined) checkRange('chainBytes', chainBytes, MIN_CHAIN_BYTES, MAX_CHAIN_BYTES, true);
  if (quotedShare !== undefined) checkRange('quotedShare', quotedShare, 0, 1, false);
  if (volatility !== undefined) checkRange('volatility', volatility, 0, 0.1, false);
  if (scenario !== undefined && !isScenario(scenario))
    throw new RangeError(`scenario must be one of ${SCENARIOS.join(', ')}`);
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
