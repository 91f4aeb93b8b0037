import { shorten } from '../common/shorten.js';
import { isSymbol } from '../contract/index.js';
import { splitList } from '../common/split-list.js';
import { timeZoneProblem } from '../common/time-zone.js';
import { Schedule, type TimeWindow, WallClock, type ZonedWindows } from './schedule.js';

/** Thrown for an invalid schedule. The message says which part is wrong, as a clause. */
export class MarketHoursError extends Error {}

export const MARKET_HOURS_EXAMPLE =
  'Asia/Kolkata Mon-Fri 09:15-15:30; AAPL,TSLA=America/New_York Mon-Fri 09:30-16:00';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MINUTE_MS = 60_000;
const SHOWN_LENGTH = 40;

/** The market hours: one schedule for all products, and separate ones for named products. */
export class MarketHours {
  private constructor(
    private readonly general: Schedule,
    private readonly own: ReadonlyMap<string, Schedule>,
    /** The time zones of the entries, each once, as they were written. */
    readonly zones: readonly string[],
  ) {}

  /**
   * Parses entries of the form `[SYMBOLS=]ZONE DAYS TIMES`, separated by `;`. Several entries for
   * one product are combined. A product without an entry is always open.
   * @throws MarketHoursError
   */
  static parse(text: string): MarketHours {
    const entries = splitList(text, ';');
    if (entries.length === 0 && text.trim() !== '') throw new MarketHoursError(`${show(text)} has no entry`);
    const general: ZonedWindows[] = [];
    const own = new Map<string, Map<string, ZonedWindows>>();
    const zones = new Set<string>();
    for (const entry of entries) {
      const at = entry.indexOf('=');
      const hoursText = entry.slice(at + 1).trim();
      const hours = parseHours(hoursText);
      zones.add(hoursText.split(/\s+/)[0] ?? '');
      if (at < 0) {
        general.push(hours);
        continue;
      }
      for (const symbol of symbolsOf(entry.slice(0, at))) {
        own.set(symbol, new Map(own.get(symbol)).set(hoursText, hours));
      }
    }
    return new MarketHours(new Schedule(general), schedulesOf(own), [...zones]);
  }

  scheduleOf(product: string): Schedule {
    return this.own.get(product) ?? this.general;
  }
}

/** Symbols with the same hours share one schedule object, so that products can be grouped by it. */
function schedulesOf(
  own: ReadonlyMap<string, ReadonlyMap<string, ZonedWindows>>,
): ReadonlyMap<string, Schedule> {
  const schedules = new Map<string, Schedule>();
  return new Map(
    [...own].map(([symbol, hours]) => {
      const text = [...hours.keys()].join(';');
      const schedule = schedules.get(text) ?? new Schedule([...hours.values()]);
      schedules.set(text, schedule);
      return [symbol, schedule];
    }),
  );
}

function parseHours(text: string): ZonedWindows {
  const [zone, days, times, ...more] = text.split(/\s+/);
  if (zone === undefined || days === undefined || times === undefined || more.length > 0) {
    throw new MarketHoursError(`${show(text)} is not a time zone, days and times`);
  }
  const onDays = new Set(splitList(days, ',').flatMap(daysOf));
  const windows = splitList(times, ',').map((range) => windowOf(range, onDays));
  if (onDays.size === 0 || windows.length === 0) {
    throw new MarketHoursError(`${show(text)} is not a time zone, days and times`);
  }
  const problem = timeZoneProblem(zone);
  if (problem !== undefined) throw new MarketHoursError(`${show(zone)} ${problem}`);
  return { clock: new WallClock(zone), windows };
}

function symbolsOf(text: string): string[] {
  const symbols = splitList(text, ',');
  const wrong = symbols.find((symbol) => !isSymbol(symbol));
  if (wrong !== undefined || symbols.length === 0) {
    throw new MarketHoursError(`${show(wrong ?? text)} is not a symbol`);
  }
  return symbols;
}

/** Parses `Mon` or a range such as `Mon-Fri`. A range may wrap around the week, as `Fri-Mon`. */
function daysOf(text: string): number[] {
  const [first = -1, last = first, ...more] = text.split('-').map((day) => DAYS.indexOf(day.toLowerCase()));
  if (first < 0 || last < 0 || more.length > 0)
    throw new MarketHoursError(`${show(text)} is not a day or days`);
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => (first + index) % 7);
}

function windowOf(text: string, days: ReadonlySet<number>): TimeWindow {
  const match = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text);
  const [fromHour = 99, fromMinute = 99, toHour = 99, toMinute = 99] = match?.slice(1).map(Number) ?? [];
  const fromMs = (fromHour * 60 + fromMinute) * MINUTE_MS;
  const toMs = (toHour * 60 + toMinute) * MINUTE_MS;
  const isTime = fromHour < 24 && fromMinute < 60 && toMinute < 60 && toMs <= 24 * 60 * MINUTE_MS;
  if (!isTime) throw new MarketHoursError(`${show(text)} is not a time such as 09:15-15:30`);
  return { days, fromMs, toMs };
}

function show(text: string): string {
  return JSON.stringify(shorten(text, SHOWN_LENGTH));
}
