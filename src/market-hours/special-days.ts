import { splitList } from '../common/split-list.js';
import { isSymbol } from '../contract/index.js';
import { timeZoneProblem } from '../common/time-zone.js';
import { MarketHoursError, show, type TimeWindow, windowOf } from './time-windows.js';
import { WallClock } from './wall-clock.js';

export const SPECIAL_DAYS_EXAMPLE =
  '2026-12-25 America/New_York; 2026-11-27 America/New_York 09:30-13:00; halt NIFTY';

const DAY_MS = 86_400_000;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** What an entry is about: everything, the hours of a time zone, or products. */
type Who = { readonly all: true } | { readonly zone: string } | { readonly symbols: ReadonlySet<string> };

interface SpecialDay {
  readonly who: Who;
  /** The windows that begin on the day; none if the market is closed. */
  readonly windows: readonly TimeWindow[];
}

/**
 * The days on which markets are closed or have other hours, and the markets that are halted. An
 * operator writes them, and may change them while the gateway runs.
 */
export class SpecialDays {
  /** Changes with each change of the entries. */
  version = 0;

  private constructor(
    /** The entries of each day, by the day's number since 1970-01-01. */
    private days: ReadonlyMap<number, readonly SpecialDay[]>,
    private halts: readonly Who[],
  ) {}

  /**
   * Parses entries of the form `DATE WHO [TIMES]` or `halt WHO`, each on a line of its own or
   * separated by `;`. `#` begins a comment.
   * @throws MarketHoursError
   */
  static parse(text: string): SpecialDays {
    const days = new Map<number, SpecialDay[]>();
    const halts: Who[] = [];
    const lines = text.split(/[\r\n]+/).map((line) => line.replace(/#.*/, ''));
    for (const entry of lines.flatMap((line) => splitList(line, ';'))) {
      const [what = '', who, times, ...more] = entry.split(/\s+/);
      const isHalt = what === 'halt';
      if (who === undefined || more.length > 0 || (isHalt && times !== undefined)) {
        throw new MarketHoursError(`${show(entry)} is not a date, a market and times, or a halt`);
      }
      if (isHalt) {
        halts.push(whoOf(who));
        continue;
      }
      const day = dayOf(what);
      const windows = splitList(times ?? '', ',').map((range) => windowOf(range, new Set()));
      days.set(day, [...(days.get(day) ?? []), { who: whoOf(who), windows }]);
    }
    return new SpecialDays(days, halts);
  }

  /** Takes the entries of another instance, for all schedules that use this one. */
  replaceBy({ days, halts }: SpecialDays): void {
    this.days = days;
    this.halts = halts;
    this.version++;
  }

  /**
   * The windows that begin on a day, instead of the usual ones; `undefined` if the day is a usual
   * one. An entry for products wins over one for a time zone, which wins over one for everything.
   * @param day days since 1970-01-01, in local time
   */
  windowsOf(day: number, zone: string, symbols: readonly string[]): readonly TimeWindow[] | undefined {
    const entries = this.days.get(day)?.filter(({ who }) => isAbout(who, zone, symbols));
    if (!entries || entries.length === 0) return undefined;
    const closest = Math.max(...entries.map(({ who }) => rankOf(who)));
    return entries.filter(({ who }) => rankOf(who) === closest).flatMap(({ windows }) => windows);
  }

  isHalted(zone: string | undefined, symbols: readonly string[]): boolean {
    return this.halts.some((who) => isAbout(who, zone, symbols));
  }

  /** The products that entries name. */
  get symbols(): readonly string[] {
    const whos = [...this.halts, ...[...this.days.values()].flat().map(({ who }) => who)];
    return whos.flatMap((who) => ('symbols' in who ? [...who.symbols] : []));
  }
}

function isAbout(who: Who, zone: string | undefined, symbols: readonly string[]): boolean {
  if ('all' in who) return true;
  return 'zone' in who ? who.zone === zone : symbols.some((symbol) => who.symbols.has(symbol));
}

function rankOf(who: Who): number {
  if ('symbols' in who) return 2;
  return 'zone' in who ? 1 : 0;
}

function dayOf(text: string): number {
  const ms = DATE.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  // A date such as 2026-02-30 is rejected by one engine, and read as the second of March by another.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text)) {
    throw new MarketHoursError(`${show(text)} is not a date YYYY-MM-DD`);
  }
  return ms / DAY_MS;
}

/** `*`, symbols, or a time zone. The names of zones have a slash, except UTC. */
function whoOf(text: string): Who {
  if (text === '*') return { all: true };
  if (text.includes('/') || text === 'UTC') {
    const problem = timeZoneProblem(text);
    if (problem !== undefined) throw new MarketHoursError(`${show(text)} ${problem}`);
    return { zone: new WallClock(text).zone };
  }
  const symbols = splitList(text, ',');
  const wrong = symbols.find((symbol) => !isSymbol(symbol));
  if (wrong !== undefined || symbols.length === 0) {
    throw new MarketHoursError(`${show(wrong ?? text)} is not *, a time zone or symbols`);
  }
  return { symbols: new Set(symbols) };
}
