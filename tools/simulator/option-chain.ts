import { type StrikeValue, valueStrike } from './black-scholes.js';
import { DAY_MS, type Instrument, yearsToExpiry } from './instruments.js';
import {
  interestIn,
  openInterestShare,
  roundness,
  TRADE_SIZE,
  tradeOf,
  tradesPerSecond,
} from './option-flow.js';
import { hedgingCost, priceWithin, quoteAround } from './option-quotes.js';
import type { Random } from './random.js';
import { round } from './rounding.js';
import type { Conditions } from './scenarios.js';
import type { StrikeGrid } from './strike-grid.js';
import { type ExpirySmile, impliedVolatility, moneyness, smileOf } from './volatility-surface.js';

/** A published leg. The order of the fields is the order on the wire. */
export type Leg = {
  readonly symbol: string;
  readonly product: string;
  readonly strike: number;
  readonly expiry: string;
  readonly option_type: 'CALL' | 'PUT';
  readonly bid: number;
  readonly ask: number;
  readonly last: number;
  readonly volume: number;
  readonly open_interest: number;
  readonly delta: number;
  readonly gamma: number;
  readonly vega: number;
  readonly theta: number;
  readonly iv: number;
  readonly timestamp: string;
};

/** What options are priced from. */
export interface MarketState {
  readonly spot: number;
  /** The short-dated implied volatility, as a multiple of that of the long run. */
  readonly volatilityLevel: number;
  readonly conditions: Pick<Conditions, 'spread' | 'trades'>;
}

/** One option from chain to chain. */
interface Option {
  /** Contracts traded today (UTC). */
  volume: number;
  openInterest: number;
  /** The price of its last trade. Undefined before it is quoted for the first time. */
  last: number | undefined;
  /** As it was last published. Undefined if it has to be quoted again. */
  leg: Leg | undefined;
}

interface Strike {
  readonly call: Option;
  readonly put: Option;
}

/** What the strike of an option implies for its quote. */
interface StrikeQuote extends StrikeValue {
  readonly strike: number;
  readonly iv: number;
  /** In standard deviations above the money. */
  readonly distance: number;
  /** Half of the spread of an option with delta 1. */
  readonly halfSpread: number;
  /** Multiple of the trades of a strike that is not round. */
  readonly interest: number;
}

/** Before the first chain, the market has been open for so long. */
const OPEN_SECONDS = 5400;
/** Above it, strikes that are no longer listed are forgotten. */
const MAX_REMEMBERED_STRIKES = 2000;
/** Trades take place in the inner part of the spread. */
const [TRADES_FROM, TRADES_TO] = [0.3, 0.7];

/**
 * The options of one product and expiry. Call and put of a strike have one implied volatility, so
 * put-call parity holds between their quotes. Without interest, it is `call - put = spot - strike`.
 * Last price, volume and open interest change only when an option trades. It trades more rarely the
 * further it is from the money, and always when its quote has left its last price.
 */
export class OptionBook {
  private readonly strikes = new Map<number, Strike>();
  private readonly symbolStem: string;
  private readonly sparse: Random;
  private readonly trades: Random;
  private day: number | undefined;
  /** What the open interest of all strikes was distributed by. */
  private opening:
    { readonly spot: number; readonly smile: ExpirySmile; readonly interest: number } | undefined;

  /**
   * @param quotedShare the share of the options that are quoted again with each chain, 0 to 1. The
   * others keep their legs.
   */
  constructor(
    private readonly product: string,
    private readonly expiry: string,
    private readonly instrument: Instrument,
    private readonly grid: StrikeGrid,
    private readonly random: Random,
    private readonly quotedShare = 1,
  ) {
    this.sparse = random.fork('sparse');
    this.trades = random.fork('trades');
    this.symbolStem = product + expiry.replaceAll('-', '');
  }

  /**
   * The legs of all listed strikes, calls and puts each in ascending order of strikes.
   * @param seconds for how long the options were traded since the last chain
   */
  quote(
    market: MarketState,
    seconds: number,
    nowMs: number,
    timestamp: string,
  ): { calls: Leg[]; puts: Leg[] } {
    const years = yearsToExpiry(this.expiry, nowMs);
    const smile = smileOf(this.instrument.impliedVolatility, market.volatilityLevel, years);
    this.opening ??= { spot: market.spot, smile, interest: interestIn(years) };
    this.startDay(nowMs);
    const tradedSeconds = seconds * market.conditions.trades * this.opening.interest;
    const ladder = this.grid.at(market.spot);
    const calls: Leg[] = [];
    const puts: Leg[] = [];
    for (const strike of ladder) {
      const quote = this.quoteStrike(market, strike, smile, years);
      const { call, put } = this.optionsAt(strike);
      calls.push(this.quoteOption('CALL', quote, call, tradedSeconds, timestamp));
      puts.push(this.quoteOption('PUT', quote, put, tradedSeconds, timestamp));
    }
    if (this.strikes.size > MAX_REMEMBERED_STRIKES) this.forgetOutside(ladder);
    return { calls, puts };
  }

  private quoteStrike(market: MarketState, strike: number, smile: ExpirySmile, years: number): StrikeQuote {
    const { spot, conditions } = market;
    const distance = moneyness(spot, strike, smile);
    // Everything is computed from the published volatility, so that readers can compute the same.
    const iv = round(impliedVolatility(smile, distance), 4);
    return {
      ...valueStrike(spot, strike, iv, years),
      strike,
      iv,
      distance,
      halfSpread: spot * hedgingCost(distance) * conditions.spread,
      interest: roundness(strike, this.instrument.strikeStep),
    };
  }

  private quoteOption(
    type: 'CALL' | 'PUT',
    quote: StrikeQuote,
    option: Option,
    tradedSeconds: number,
    timestamp: string,
  ): Leg {
    if (option.leg && this.quotedShare < 1 && this.sparse.next() >= this.quotedShare) return option.leg;
    return (option.leg = this.leg(type, quote, option, tradedSeconds, timestamp));
  }

  /** One literal without spreads, because there may be a hundred thousand legs a second. */
  private leg(
    type: 'CALL' | 'PUT',
    quote: StrikeQuote,
    option: Option,
    tradedSeconds: number,
    timestamp: string,
  ): Leg {
    const { strike, iv, distance } = quote;
    const { ticksPerUnit } = this.instrument;
    const isCall = type === 'CALL';
    const callDelta = round(quote.delta, 4);
    const delta = isCall ? callDelta : round(callDelta - 1, 4);
    const quoted = quoteAround(
      isCall ? quote.call : quote.put,
      quote.halfSpread * Math.abs(delta),
      ticksPerUnit,
    );
    const { bid, ask } = quoted;
    const trades = this.trades.poisson(
      tradedSeconds * quote.interest * tradesPerSecond(isCall ? distance : -distance),
    );
    const { last } = option;
    if (last === undefined) option.last = priceWithin(quoted, 0.5, ticksPerUnit);
    else if (trades > 0 || last < bid || last > ask) {
      const traded = tradeOf(Math.max(1, trades), this.trades);
      option.volume += traded.volume;
      option.openInterest = Math.max(0, option.openInterest + traded.opened);
      option.last = priceWithin(quoted, this.trades.between(TRADES_FROM, TRADES_TO), ticksPerUnit);
    }
    return {
      symbol: `${this.symbolStem}${isCall ? 'C' : 'P'}${strike}`,
      product: this.product,
      strike,
      expiry: this.expiry,
      option_type: type,
      bid,
      ask,
      last: option.last!,
      volume: option.volume,
      open_interest: option.openInterest,
      delta,
      gamma: round(quote.gamma, 6),
      vega: round(quote.vega, 4),
      theta: round(quote.theta, 4),
      iv,
      timestamp,
    };
  }

  private optionsAt(strike: number): Strike {
    let options = this.strikes.get(strike);
    if (!options) {
      const { spot, smile } = this.opening!;
      const distance = moneyness(spot, strike, smile);
      // Of its own, so that it does not depend on when the strike first comes into the chain.
      const random = this.random.fork(String(strike));
      options = {
        call: this.newOption(strike, distance, random),
        put: this.newOption(strike, -distance, random),
      };
      this.strikes.set(strike, options);
    }
    return options;
  }

  /** @param distance out of the money in standard deviations */
  private newOption(strike: number, distance: number, random: Random): Option {
    const { strikeStep, openInterest } = this.instrument;
    const interest = roundness(strike, strikeStep) * this.opening!.interest;
    const chance = () => Math.exp(0.35 * random.gaussian());
    const trades = tradesPerSecond(distance) * interest * OPEN_SECONDS * chance();
    return {
      volume: Math.round(trades * TRADE_SIZE),
      openInterest: Math.round(openInterest * openInterestShare(distance) * interest * chance()),
      last: undefined,
      leg: undefined,
    };
  }

  /** A new day (UTC) begins without volume, and with the strikes around its first price. */
  private startDay(nowMs: number): void {
    const day = Math.floor(nowMs / DAY_MS);
    if (this.day !== undefined && day > this.day) {
      for (const { call, put } of this.strikes.values()) {
        for (const option of [call, put]) Object.assign(option, { volume: 0, leg: undefined });
      }
      this.grid.reopen();
    }
    this.day = Math.max(day, this.day ?? day);
  }

  private forgetOutside(ladder: readonly number[]): void {
    const [lowest, highest] = [ladder[0]!, ladder.at(-1)!];
    for (const strike of this.strikes.keys()) {
      if (strike < lowest || strike > highest) this.strikes.delete(strike);
    }
  }
}
