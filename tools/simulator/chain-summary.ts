import type { Leg } from './option-chain.js';
import { round } from './rounding.js';

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
    pcr_oi: ratio(putInterest, callInterest),
    pcr_volume: ratio(
      sum(puts, (leg) => leg.volume),
      sum(calls, (leg) => leg.volume),
    ),
    atm_strike: calls[atm]!.strike,
    atm_straddle_price: round(calls[atm]!.last + puts[atm]!.last, 2),
    max_pain_strike: maxPain(calls, puts),
    total_call_oi: callInterest,
    total_put_oi: putInterest,
    call_buildup_otm: sum(calls, (leg) => (leg.strike > spot ? leg.open_interest : 0)),
    put_buildup_otm: sum(puts, (leg) => (leg.strike < spot ? leg.open_interest : 0)),
  };
}

/**
 * The strike at which all option buyers together would be paid least, or the lower one of two. From
 * one strike to the next, each call below gains the distance and each put above loses it.
 * @param calls in ascending order of strikes
 * @param puts of the same strikes
 */
export function maxPain(calls: readonly Leg[], puts: readonly Leg[]): number {
  let gaining = 0;
  let losing = sum(puts, (leg) => leg.open_interest);
  let best = calls[0]!.strike;
  let paid = 0;
  let least = 0;
  for (const [i, { strike, open_interest }] of calls.entries()) {
    if (i > 0) paid += (strike - calls[i - 1]!.strike) * (gaining - losing);
    if (paid < least) {
      least = paid;
      best = strike;
    }
    gaining += open_interest;
    losing -= puts[i]!.open_interest;
  }
  return best;
}

/** 0 if there is nothing to divide by, because JSON has no infinity. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : round(part / whole, 4);
}

function sum(legs: readonly Leg[], of: (leg: Leg) => number): number {
  let total = 0;
  for (const leg of legs) total += of(leg);
  return total;
}
