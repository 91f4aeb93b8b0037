import { isSymbol } from '../contract/index.js';
import { splitList } from '../common/split-list.js';
import { timeZoneProblem } from '../common/time-zone.js';
import { Schedule, type ZonedWindows } from './schedule.js';
import { SpecialDays } from './special-days.js';
import { MarketHoursError, show, windowOf } from './time-windows.js';
import { WallClock } from './wall-clock.js';

export { MarketHoursError };

export const MARKET_HOURS_EXAMPLE =
  'Asia/Kolkata Mon-Fri 09:15-15:30; AAPL,TSLA=America/New_York Mon-Fri 09:30-16:00';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** The market hours: one schedule for all products, and separate ones for named products. */
export class MarketHours {
  private constructor(
    private readonly general: Schedule,
    private readonly own: ReadonlyMap<string, Schedule>,
    /** The time zones of the entries, each once, as they were written. */
    readonly zones: readonly string[],
    private readonly special: SpecialDays,
  ) {}

  /**
   * Parses entries of the form `[SYMBOLS=]ZONE DAYS TIMES`, separated by `;`. Several entries for
   * one product are combined. A product without an entry is always open.
   * @param special holidays, days with other hours, and halts
   * @throws MarketHoursError
   */
  static parse(text: string, special = SpecialDays.parse('')): MarketHours {
    const entries = splitList(text, ';');
    if (entries.length === 0 && text.trim() !== '') throw new MarketHoursError(`${show(text)} has no entry`);
    const general: ZonedWindows[] = [];
    const own = new Map<string, Map<string, ZonedWindows>>();
    const zones = new Set<string>();
    const clocks = new Map<string, WallClock>();
    for (const entry of entries) {
      const at = entry.indexOf('=');
      const hoursText = entry.slice(at + 1).trim();
      const hours = parseHours(hoursText, clocks);
      zones.add(hoursText.split(/\s+/)[0] ?? '');
      if (at < 0) {
        general.push(hours);
        continue;
      }
      for (const symbol of symbolsOf(entry.slice(0, at))) {
        own.set(symbol, new Map(own.get(symbol)).set(hoursText, hours));
      }
    }
    const schedules = new Map(
      [...own].map(([symbol, hours]) => [symbol, new Schedule([...hours.values()], special, [symbol])]),
    );
    return new MarketHours(new Schedule(general, special), schedules, [...zones], special);
  }

  /** Whether no hours are set, so that every market is always open. */
  get isEmpty(): boolean {
    return this.zones.length === 0;
  }

  /** The schedule of the products that have none of their own. */
  get generalSchedule(): Schedule {
    return this.general;
  }

  /** The schedules of the products that have their own. */
  get ownSchedules(): ReadonlyMap<string, Schedule> {
    return this.own;
  }

  /** A product that a special day or a halt names, and that has no hours of its own. */
  get strangeProduct(): string | undefined {
    return this.special.symbols.find((symbol) => !this.own.has(symbol));
  }

  /** Takes the special days of another instance. The schedules stay the same objects. */
  useSpecialDaysOf({ special }: MarketHours): void {
    this.special.replaceBy(special);
  }

  scheduleOf(product: string): Schedule {
    return this.own.get(product) ?? this.general;
  }
}

/** @param clocks the clocks of zones so far, which entries share */
function parseHours(text: string, clocks: Map<string, WallClock>): ZonedWindows {
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
  const clock = clocks.get(zone) ?? new WallClock(zone);
  clocks.set(zone, clock);
  return { clock, windows };
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
