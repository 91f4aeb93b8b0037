import type { SpecialDays } from './special-days.js';
import type { TimeWindow } from './time-windows.js';
import { WallClock } from './wall-clock.js';

/** Windows in the local time of a time zone. */
export interface ZonedWindows {
  readonly clock: WallClock;
  readonly windows: readonly TimeWindow[];
}

export type MarketPhase = 'open' | 'closed' | 'pre' | 'halted';

export interface MarketState {
  readonly phase: MarketPhase;
  /** When the phase ends, ms since the epoch; `undefined` if that is not known. */
  readonly untilMs: number | undefined;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 4;
/** How far ahead the end of a phase is looked for, days. No exchange rests for longer. */
const DAYS_AHEAD = 15;

/**
 * The opening hours of a market. It is open while at least one of its windows is. Windows that
 * touch or overlap count as one opening.
 */
export class Schedule {
  private readonly calendars: readonly Calendar[];
  /** The openings around the last minute that was asked for. Most chains of a minute share them. */
  private found:
    | { readonly minute: number; readonly version: number; readonly openings: readonly DatedOpening[] }
    | undefined;

  /**
   * @param entries the windows; without any, the market is always open
   * @param special holidays, days with other hours, and halts; it may change
   * @param symbols the products that have this schedule; empty for the general one
   */
  constructor(
    entries: readonly ZonedWindows[],
    private readonly special: SpecialDays,
    private readonly symbols: readonly string[] = [],
  ) {
    const byZone = new Map<string, ZonedWindows>();
    for (const { clock, windows } of entries) {
      const { windows: others = [] } = byZone.get(clock.zone) ?? {};
      byZone.set(clock.zone, { clock, windows: [...others, ...windows] });
    }
    this.calendars = [...byZone.values()].map((zoned) => new Calendar(zoned, special, symbols));
  }

  /**
   * How long the market has been open at a given time, ms; `undefined` if it is closed then. In an
   * opening during which the clocks change, the result is off by that change.
   * @param wallMs the time, in ms since the epoch
   */
  openForMs(wallMs: number): number | undefined {
    if (this.isHalted) return undefined;
    const [calendar, ...others] = this.calendars;
    if (!calendar) return Infinity;
    if (others.length === 0) return calendar.openForMs(wallMs);
    // Before a window of one time zone began, a window of another zone may have been open.
    let openFor: number | undefined;
    let before = wallMs;
    while (wallMs - before < WEEK_MS) {
      const more = this.calendars.flatMap((each) => each.openForMs(before) ?? []);
      if (more.length === 0) break;
      openFor = wallMs - before + Math.max(...more);
      before = wallMs - openFor - 1;
    }
    return openFor;
  }

  /** The phase of the market at a time, in ms since the epoch, and when it ends. */
  stateAt(wallMs: number): MarketState {
    if (this.isHalted) return { phase: 'halted', untilMs: undefined };
    const phase = this.phaseAt(wallMs);
    const edges = this.calendars.flatMap((calendar) => calendar.edgesAfter(wallMs));
    const untilMs = edges.sort((a, b) => a - b).find((edge) => this.phaseAt(edge) !== phase);
    return { phase, untilMs };
  }

  /**
   * When the newest session began, at a time. A session begins with the first opening of a local
   * day, so neither a break nor a halt begins one, nor a window that begins while one of another
   * time zone is open. While the market does not close for more than a day, one begins at each
   * midnight of the first time zone. Without windows, or after a week without an opening, one begins
   * at each midnight UTC.
   * @param wallMs the time, in ms since the epoch; so is the result
   */
  sessionStartAt(wallMs: number): number {
    let startMs: number | undefined;
    let startDay = -Infinity;
    for (const { fromMs, toMs, day } of this.openingsAround(wallMs)) {
      if (fromMs > wallMs) break;
      if (day > startDay) [startMs, startDay] = [fromMs, day];
      if (toMs - fromMs <= DAY_MS) continue;
      const midnight = this.calendars[0]!.midnightBefore(Math.min(wallMs, toMs - 1));
      if (midnight.ms > fromMs) [startMs, startDay] = [midnight.ms, midnight.day];
    }
    return startMs ?? dayOf(wallMs);
  }

  /** The openings of all time zones in the days up to a time, in ascending order. */
  private openingsAround(wallMs: number): readonly DatedOpening[] {
    const minute = Math.floor(wallMs / MINUTE_MS);
    const { version } = this.special;
    if (this.found?.minute !== minute || this.found.version !== version) {
      const openings = this.calendars.flatMap((calendar) => calendar.openingsAround(minute * MINUTE_MS));
      this.found = { minute, version, openings: joined(openings) };
    }
    return this.found.openings;
  }

  private get isHalted(): boolean {
    return this.calendars.length === 0
      ? this.special.isHalted(undefined, this.symbols)
      : this.calendars.some(({ zone }) => this.special.isHalted(zone, this.symbols));
  }

  private phaseAt(wallMs: number): MarketPhase {
    if (this.calendars.length === 0) return 'open';
    if (this.calendars.some((calendar) => calendar.openForMs(wallMs) !== undefined)) return 'open';
    return this.calendars.some((calendar) => calendar.isPreAt(wallMs)) ? 'pre' : 'closed';
  }
}

/** Begin and end, in local ms since 1970. */
interface Opening {
  readonly fromMs: number;
  toMs: number;
}

/** An opening of which all times are in ms since the epoch. */
interface DatedOpening extends Opening {
  /** The local day on which it begins, as its number since 1970-01-01. */
  readonly day: number;
}

/** The openings of one time zone. */
class Calendar {
  readonly zone: string;
  private readonly clock: WallClock;
  private readonly windows: readonly TimeWindow[];
  /** The openings around a day, which are found once a day, or after the special days changed. */
  private found: { readonly day: number; readonly version: number; readonly openings: Openings } | undefined;

  constructor(
    { clock, windows }: ZonedWindows,
    private readonly special: SpecialDays,
    private readonly symbols: readonly string[],
  ) {
    this.clock = clock;
    this.zone = clock.zone;
    this.windows = windows;
  }

  openForMs(wallMs: number): number | undefined {
    const nowMs = this.clock.localMs(wallMs);
    const opening = openingAt(this.around(nowMs).open, nowMs);
    if (!opening) return undefined;
    return opening.toMs - opening.fromMs >= WEEK_MS ? Infinity : nowMs - opening.fromMs;
  }

  /** The openings of the week before a time, and of its day, in ms since the epoch. */
  openingsAround(wallMs: number): DatedOpening[] {
    const nowMs = this.clock.localMs(wallMs);
    const wall = (localMs: number): number => this.clock.wallMs(localMs, wallMs + localMs - nowMs);
    return this.around(nowMs).open.map(({ fromMs, toMs }) => ({
      fromMs: wall(fromMs),
      toMs: wall(toMs),
      day: Math.floor(fromMs / DAY_MS),
    }));
  }

  /** The last midnight up to a time, and the local day that it begins. Times in ms since the epoch. */
  midnightBefore(wallMs: number): { readonly ms: number; readonly day: number } {
    const nowMs = this.clock.localMs(wallMs);
    const localMs = dayOf(nowMs);
    const nearMs = Math.floor(wallMs) + localMs - nowMs;
    return { ms: this.clock.wallMs(localMs, nearMs), day: localMs / DAY_MS };
  }

  isPreAt(wallMs: number): boolean {
    const nowMs = this.clock.localMs(wallMs);
    return openingAt(this.around(nowMs).pre, nowMs) !== undefined;
  }

  /** Every begin and end of a window in the days to come, in ms since the epoch. */
  edgesAfter(wallMs: number): number[] {
    const nowMs = this.clock.localMs(wallMs);
    const today = Math.floor(nowMs / DAY_MS);
    const windows = Array.from({ length: DAYS_AHEAD + 1 }, (_, ahead) => this.windowsOf(today - 1 + ahead));
    return windows
      .flat()
      .flatMap(({ fromMs, toMs }) => [fromMs, toMs])
      .filter((edge) => edge > nowMs)
      .map((edge) => this.clock.wallMs(edge, wallMs + edge - nowMs));
  }

  /** An opening of a week or more counts as endless, so the days of a week before are enough. */
  private around(nowMs: number): Openings {
    const day = Math.floor(nowMs / DAY_MS);
    const { version } = this.special;
    if (this.found?.day !== day || this.found.version !== version) {
      const windows = Array.from({ length: 9 }, (_, index) => this.windowsOf(day - 8 + index)).flat();
      const openings = {
        open: joined(windows.filter(({ isPre }) => !isPre)),
        pre: windows.filter(({ isPre }) => isPre),
      };
      this.found = { day, version, openings };
    }
    return this.found.openings;
  }

  private windowsOf(day: number): (Opening & { readonly isPre: boolean })[] {
    const weekday = (((day + FIRST_WEEKDAY) % 7) + 7) % 7;
    const windows =
      this.special.windowsOf(day, this.zone, this.symbols) ??
      this.windows.filter(({ days }) => days.has(weekday));
    return windows.map(({ fromMs, toMs, isPre = false }) => ({
      fromMs: day * DAY_MS + fromMs,
      toMs: (toMs > fromMs ? day : day + 1) * DAY_MS + toMs,
      isPre,
    }));
  }
}

interface Openings {
  readonly open: readonly Opening[];
  readonly pre: readonly Opening[];
}

/** The beginning of a day. Both times are local, or UTC. */
function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

function openingAt(openings: readonly Opening[], nowMs: number): Opening | undefined {
  return openings.find(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
}

/** Joins openings that touch or overlap. */
function joined<T extends Opening>(openings: readonly T[]): T[] {
  const result: T[] = [];
  for (const opening of [...openings].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = result.at(-1);
    if (last && opening.fromMs <= last.toMs) last.toMs = Math.max(last.toMs, opening.toMs);
    else result.push({ ...opening });
  }
  return result;
}
