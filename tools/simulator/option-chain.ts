import { type StrikeValue, valueStrike } from './black-scholes.js';
import { type Instrument, yearsToExpiry } from './instruments.js';
import type { Random } from './random.js';

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

/** One option from chain to chain. */
interface Option {
  volume: number;
  openInterest: number;
  /** As it was last published. Undefined before its first trade. */
  leg: Leg | undefined;
}

interface Strike {
  readonly call: Option;
  readonly put: Option;
}

/** The options of one product and expiry. Open interest and volume develop from chain to chain. */
export class OptionBook {
  private strikes = new Map<number, Strike>();
  private readonly symbolStem: string;
  private readonly trades: Random;

  constructor(
    private readonly product: string,
    private readonly expiry: string,
    private readonly instrument: Instrument,
    private readonly random: Random,
    private readonly tradedShare = 1,
  ) {
    this.trades = random.fork('trades');
    this.symbolStem = product + expiry.replaceAll('-', '');
  }

  /**
   * The legs around `spot`, calls and puts each in ascending order of strikes. An option that did
   * not trade has the leg of the last chain, with its time.
   */
  quote(spot: number, strikeCount: number, nowMs: number, timestamp: string): { calls: Leg[]; puts: Leg[] } {
    const years = yearsToExpiry(this.expiry, nowMs);
    const calls: Leg[] = [];
    const puts: Leg[] = [];
    const kept = new Map<number, Strike>();
    for (const strike of strikeLadder(spot, this.instrument.strikeStep, strikeCount)) {
      const options = this.strikes.get(strike) ?? { call: this.newOption(), put: this.newOption() };
      kept.set(strike, options);
      const iv = this.impliedVolatility(spot, strike);
      const value = valueStrike(spot, strike, iv, years);
      calls.push(this.quoteOption('CALL', strike, iv, value, options.call, timestamp));
      puts.push(this.quoteOption('PUT', strike, iv, value, options.put, timestamp));
    }
    // Forgets strikes far from the market, or a long walk would collect all of them.
    this.strikes = kept;
    return { calls, puts };
  }

  private quoteOption(
    type: 'CALL' | 'PUT',
    strike: number,
    iv: number,
    value: StrikeValue,
    option: Option,
    timestamp: string,
  ): Leg {
    if (option.leg && this.tradedShare < 1 && this.trades.next() >= this.tradedShare) return option.leg;
    this.trade(option);
    return (option.leg = this.leg(type, strike, iv, value, option, timestamp));
  }

  /** One literal without spreads, because there may be a hundred thousand legs a second. */
  private leg(
    type: 'CALL' | 'PUT',
    strike: number,
    iv: number,
    value: StrikeValue,
    option: Option,
    timestamp: string,
  ): Leg {
    const isCall = type === 'CALL';
    const last = round(Math.max(0.05, isCall ? value.call : value.put), 2);
    const halfSpread = last * this.random.between(0.002, 0.015);
    return {
      symbol: `${this.symbolStem}${isCall ? 'C' : 'P'}${strike}`,
      product: this.product,
      strike,
      expiry: this.expiry,
      option_type: type,
      bid: round(last - halfSpread, 2),
      ask: round(last + halfSpread, 2),
      last,
      volume: option.volume,
      open_interest: option.openInterest,
      delta: round(isCall ? value.delta : value.delta - 1, 4),
      gamma: round(value.gamma, 4),
      vega: round(value.vega, 4),
      theta: round(value.theta, 4),
      iv: round(iv, 4),
      timestamp,
    };
  }

  private newOption(): Option {
    return {
      volume: this.random.integer(100, 9999),
      openInterest: this.random.integer(1000, 99_999),
      leg: undefined,
    };
  }

  private trade(option: Option): void {
    option.volume += this.random.integer(0, 25);
    option.openInterest = Math.max(1000, option.openInterest + this.random.integer(-500, 500));
  }

  /** A smile: the volatility is higher away from the money, and more so on the low side. */
  private impliedVolatility(spot: number, strike: number): number {
    const distance = Math.log(strike / spot);
    const smile = 1 + Math.min(1.5, 8 * distance * distance - 0.8 * distance);
    return Math.max(0.05, this.instrument.impliedVolatility * smile * this.random.between(0.99, 1.01));
  }
}

/**
 * The `count` strikes on the grid around the one nearest to `spot`, moved up if the lowest would
 * not be positive.
 */
export function strikeLadder(spot: number, step: number, count: number): number[] {
  const atm = Math.round(spot / step);
  const lowest = Math.max(1, atm - Math.floor(count / 2));
  return Array.from({ length: count }, (_, i) => (lowest + i) * step);
}

/**
 * The figures that the worker computes from the legs. The order of the fields is the order on the
 * wire.
 */
export function analyse(spot: number, calls: readonly Leg[], puts: readonly Leg[]) {
  const callInterest = sum(calls, (leg) => leg.open_interest);
  const putInterest = sum(puts, (leg) => leg.open_interest);
  let atm = 0;
  for (let i = 1; i < calls.length; i++) {
    if (Math.abs(calls[i]!.strike - spot) < Math.abs(calls[atm]!.strike - spot)) atm = i;
  }
  return {
    pcr_oi: round(putInterest / callInterest, 4),
    pcr_volume: round(sum(puts, (leg) => leg.volume) / sum(calls, (leg) => leg.volume), 4),
    atm_strike: calls[atm]!.strike,
    atm_straddle_price: round(calls[atm]!.last + puts[atm]!.last, 2),
    max_pain_strike: maxPain(calls, puts),
    total_call_oi: callInterest,
    total_put_oi: putInterest,
    call_buildup_otm: sum(calls, (leg) => (leg.strike > spot ? leg.open_interest : 0)),
    put_buildup_otm: sum(puts, (leg) => (leg.strike < spot ? leg.open_interest : 0)),
  };
}

/** The strike at which all option buyers together would be paid least, or the lower one of two. */
export function maxPain(calls: readonly Leg[], puts: readonly Leg[]): number {
  let best = calls[0]!.strike;
  let least = Infinity;
  for (const { strike } of calls) {
    const paid =
      sum(calls, (leg) => Math.max(0, strike - leg.strike) * leg.open_interest) +
      sum(puts, (leg) => Math.max(0, leg.strike - strike) * leg.open_interest);
    if (paid < least) {
      least = paid;
      best = strike;
    }
  }
  return best;
}

function sum(legs: readonly Leg[], of: (leg: Leg) => number): number {
  let total = 0;
  for (const leg of legs) total += of(leg);
  return total;
}

/** Rounds to `digits` decimals. Never returns -0, which Python would print. */
export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale + 0;
}
