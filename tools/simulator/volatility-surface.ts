const DAY_YEARS = 1 / 365;

/** Short-dated volatility returns to that of the long run within about this time. */
const TERM_YEARS = 30 * DAY_YEARS;
/** In a quiet market, short-dated options imply a little less than the long run. */
const QUIET = 0.94;

/** Closer to the expiry, the smile does not become steeper. */
const SMILE_YEARS = 3 * DAY_YEARS;
/** The slope of the wings for each standard deviation, and the tilt to the low side. */
const WING = 0.1;
const TILT = 0.5;
/** The width of the rounded middle, in standard deviations. */
const MIDDLE = 2;
/** From here on, options are worth next to nothing, and the smile rises only slowly. */
const FAR = 8;

/** What one expiry implies: its volatility at the money, and the distances of strikes from there. */
export interface ExpirySmile {
  /** Annual, as a fraction. */
  readonly atTheMoney: number;
  /** The log distance of one standard deviation until the expiry. */
  readonly deviation: number;
}

/**
 * The term structure: options that expire soon follow `level`, later ones the long run.
 * @param longRun the annual volatility of the long run
 * @param level the short-dated volatility as a multiple of `longRun`
 * @param years until the expiry, above 0
 */
export function smileOf(longRun: number, level: number, years: number): ExpirySmile {
  const term = years / TERM_YEARS;
  const nearness = (1 - Math.exp(-term)) / term;
  const atTheMoney = longRun * (1 + (QUIET * level - 1) * nearness);
  return { atTheMoney, deviation: atTheMoney * Math.sqrt(Math.max(years, SMILE_YEARS)) };
}

/** How many standard deviations a strike is above the price. Negative below it. */
export function moneyness(spot: number, strike: number, { deviation }: ExpirySmile): number {
  return Math.log(strike / spot) / deviation;
}

/**
 * The smile: a hyperbola, higher on the low side. It is convex as far as options have a price, so
 * that the prices leave no arbitrage between strikes.
 * @param distance see {@link moneyness}
 */
export function impliedVolatility({ atTheMoney }: ExpirySmile, distance: number): number {
  const beyond = Math.abs(distance) - FAR;
  const x = beyond > 0 ? Math.sign(distance) * (FAR + Math.log1p(beyond)) : distance;
  const smile = Math.sqrt(x * x + MIDDLE * MIDDLE) - MIDDLE - TILT * x;
  return atTheMoney * (1 + WING * smile);
}
