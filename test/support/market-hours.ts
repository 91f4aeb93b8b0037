const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** A schedule of a market that is closed now and for days, so that no price becomes stale. */
export function closedMarket(): string {
  return `UTC ${DAYS[(new Date().getUTCDay() + 3) % 7]} 10:00-11:00`;
}

/** A schedule of a market that is in its pre-open session now, for a day at least. */
export function preOpenMarket(): string {
  const day = (from: number): string => DAYS[(new Date().getUTCDay() + from) % 7]!;
  return `UTC ${day(6)},${day(0)},${day(1)} pre:00:00-24:00; UTC ${day(3)} 10:00-11:00`;
}

/** A schedule without a pause. */
export const OPEN_MARKET = 'UTC Sun-Sat 00:00-24:00';
