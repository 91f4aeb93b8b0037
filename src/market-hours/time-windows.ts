import { shorten } from '../common/shorten.js';

/**
 * A period of a day in which a market is open, or takes orders before it opens. If `toMs` is not
 * after `fromMs`, it ends the next day.
 */
export interface TimeWindow {
  /** The weekdays on which it begins; 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  /** Begin, in ms since midnight. */
  readonly fromMs: number;
  /** End, in ms since midnight, exclusive. */
  readonly toMs: number;
  /** Whether it is a pre-open session, in which no prices are expected. */
  readonly isPre?: boolean;
}

/** Thrown for invalid hours. The message says which part is wrong, as a clause. */
export class MarketHoursError extends Error {}

const MINUTE_MS = 60_000;
const SHOWN_LENGTH = 40;
const WINDOW = /^(pre:)?(\d\d):(\d\d)-(\d\d):(\d\d)$/;

/**
 * Parses a period such as `09:15-15:30`, or `pre:09:00-09:15` for a pre-open session.
 * @throws MarketHoursError
 */
export function windowOf(text: string, days: ReadonlySet<number>): TimeWindow {
  const [, pre, ...numbers] = WINDOW.exec(text) ?? [];
  const [fromHour = 99, fromMinute = 99, toHour = 99, toMinute = 99] = numbers.map(Number);
  const fromMs = (fromHour * 60 + fromMinute) * MINUTE_MS;
  const toMs = (toHour * 60 + toMinute) * MINUTE_MS;
  const isTime = fromHour < 24 && fromMinute < 60 && toMinute < 60 && toMs <= 24 * 60 * MINUTE_MS;
  if (!isTime) throw new MarketHoursError(`${show(text)} is not a time such as 09:15-15:30`);
  return { days, fromMs, toMs, isPre: pre !== undefined };
}

/** A part of a setting, as an error message shows it. */
export function show(text: string): string {
  return JSON.stringify(shorten(text, SHOWN_LENGTH));
}
