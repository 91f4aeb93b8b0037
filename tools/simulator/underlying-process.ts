import type { Instrument } from './instruments.js';
import type { Random } from './random.js';
import { round } from './rounding.js';
import type { Conditions } from './scenarios.js';

/** Seconds in which a market is open in a year: 252 days of 6.5 hours. */
const TRADING_SECONDS = 252 * 6.5 * 3600;
/** Prices move by so much more than options imply, so that a page looks alive. */
const LIVELINESS = 1.5;
/** The correlation of a product with the others of its region. */
const REGIONAL = 0.7;

/** A trend moves by so many standard deviations of a second in each second, until it fades. */
const TREND_STRENGTH = 0.25;
/** How far a trend leads, as a log return. */
const TREND_REACH = 0.03;

/** The short-dated implied volatility returns to its mean in about so many seconds. */
const REVERSION_SECONDS = 60;
/** The standard deviation of its logarithm over one second. */
const VOLATILITY_OF_VOLATILITY = 0.004;
/** Implied volatility rises when the price falls. */
const LEVERAGE = -0.7;

/** The gap at the end of a halt, in standard deviations of a second. */
const REOPENING_GAP = 30;

/** The price of a product and the level of its implied volatility, which move together. */
export class UnderlyingProcess {
  private readonly ownMoves: Random;
  private readonly marketMoves: Random;
  private readonly volatilityMoves: Random;
  private readonly gaps: Random;
  private readonly deviation: number;
  private readonly regional: number;
  /** The log return over one second of a trend that has just begun. */
  private readonly trend: number;
  /** Not rounded, because rounding would add up to a drift. */
  private exactPrice: number;
  /** The log of the short-dated implied volatility relative to that of the long run. */
  private excess = 0;
  /** The price at which the trend began. Undefined if there is none. */
  private trendStart: number | undefined;

  /**
   * @param random the stream of the product
   * @param market the stream of the whole market. The products of a region draw the same numbers
   * from it, so each of them can be simulated without the others.
   * @param volatility the standard deviation of the log return over one second
   */
  constructor(
    { startPrice, impliedVolatility, region }: Instrument,
    random: Random,
    market: Random,
    volatility = (impliedVolatility * LIVELINESS) / Math.sqrt(TRADING_SECONDS),
  ) {
    this.exactPrice = startPrice;
    this.deviation = volatility;
    this.regional = region === undefined ? 0 : REGIONAL;
    this.ownMoves = random.fork('price');
    this.marketMoves = market.fork(`region ${region}`);
    this.volatilityMoves = random.fork('volatility');
    this.gaps = random.fork('gaps');
    const direction = market.fork('direction of trend').next() < 0.5 ? -1 : 1;
    this.trend = direction * TREND_STRENGTH * volatility * random.fork('trend').between(0.7, 1.3);
  }

  /** The price in cents. */
  get price(): number {
    return Math.max(0.01, round(this.exactPrice, 2));
  }

  /** The short-dated implied volatility, as a multiple of that of the long run. */
  get volatilityLevel(): number {
    return Math.exp(this.excess);
  }

  /**
   * Geometric Brownian motion, without drift if there is no trend: `-variance / 2` keeps the
   * expected price constant.
   */
  advance(seconds: number, conditions: Conditions): void {
    const shared = this.regional === 0 ? 0 : this.marketMoves.gaussian();
    const own = this.ownMoves.gaussian();
    const move = Math.sqrt(this.regional) * shared + Math.sqrt(1 - this.regional) * own;
    const deviation = this.deviation * conditions.volatility * Math.sqrt(seconds);
    const drift = this.drift(conditions) * seconds;
    this.exactPrice *= Math.exp(deviation * move + drift - deviation ** 2 / 2);
    this.moveVolatility(move, seconds, conditions);
  }

  /** The jump of the price after a halt, when what has happened meanwhile is priced in. */
  reopen(): void {
    const deviation = this.deviation * REOPENING_GAP;
    this.exactPrice *= Math.exp(deviation * this.gaps.gaussian() - deviation ** 2 / 2);
  }

  /** A trend slows down as it gets closer to its reach, so that it never leads far away. */
  private drift({ trending }: Conditions): number {
    if (!trending) {
      this.trendStart = undefined;
      return 0;
    }
    this.trendStart ??= this.exactPrice;
    const done = (Math.sign(this.trend) * Math.log(this.exactPrice / this.trendStart)) / TREND_REACH;
    return this.trend * Math.min(1, Math.max(0, 1 - done));
  }

  /** An Ornstein-Uhlenbeck process of the logarithm, exact for any step. */
  private moveVolatility(move: number, seconds: number, { impliedVolatility }: Conditions): void {
    const kept = Math.exp(-seconds / REVERSION_SECONDS);
    const deviation = VOLATILITY_OF_VOLATILITY * Math.sqrt((REVERSION_SECONDS / 2) * (1 - kept ** 2));
    const own = Math.sqrt(1 - LEVERAGE ** 2) * this.volatilityMoves.gaussian();
    const mean = Math.log(impliedVolatility);
    this.excess = mean + (this.excess - mean) * kept + deviation * (LEVERAGE * move + own);
  }
}
