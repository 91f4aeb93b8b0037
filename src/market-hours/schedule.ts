/**
 * A period of a day in which a market is open. If `toMs` is not after `fromMs`, it ends the next
 * day.
 */
export interface TimeWindow {
  /** The weekdays on which it begins; 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  /** Begin, in ms since midnight. */
  readonly fromMs: number;
  /** End, in ms since midnight, exclusive. */
  readonly toMs: number;
}

/** Windows in the local time of a time zone. */
export interface ZonedWindows {
  readonly clock: WallClock;
  readonly windows: readonly TimeWindow[];
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/**
 * The opening hours of a market. It is open while at least one of its windows is. Windows that
 * touch or overlap count as one opening.
 */
export class Schedule {
  private readonly weeks: readonly Week[];

  /** @param entries the windows; without any, the market is always open */
  constructor(entries: readonly ZonedWindows[]) {
    const byZone = new Map<string, ZonedWindows>();
    for (const { clock, windows } of entries) {
      const { windows: others = [] } = byZone.get(clock.zone) ?? {};
      byZone.set(clock.zone, { clock, windows: [...others, ...windows] });
    }
    this.weeks = [...byZone.values()].map((zoned) => new Week(zoned));
  }

  /**
   * How long the market has been open at a given time, ms; `undefined` if it is closed then. In an
   * opening during which the clocks change, the result is off by that change.
   * @param wallMs the time, in ms since the epoch
   */
  openForMs(wallMs: number): number | undefined {
    const [week, ...others] = this.weeks;
    if (!week) return Infinity;
    if (others.length === 0) return week.openForMs(wallMs);
    // Before a window of one time zone began, a window of another zone may have been open.
    let openFor: number | undefined;
    let before = wallMs;
    while (wallMs - before < WEEK_MS) {
      const more = this.weeks.flatMap((each) => each.openForMs(before) ?? []);
      if (more.length === 0) break;
      openFor = wallMs - before + Math.max(...more);
      before = wallMs - openFor - 1;
    }
    return openFor;
  }
}

/** The local time of a time zone. */
export class WallClock {
  /** The name of the zone, as `Intl` normalizes it. */
  readonly zone: string;
  private readonly format: Intl.DateTimeFormat;

  /** @throws RangeError if there is no such time zone */
  constructor(zone: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    });
    this.zone = this.format.resolvedOptions().timeZone;
  }

  /**
   * Converts a time in ms since the epoch to ms since the last local midnight that began a Sunday.
   */
  sinceSundayMs(wallMs: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
    for (const { type, value } of this.format.formatToParts(wallMs)) parts[type] = value;
    const { weekday = '', hour, minute, second } = parts;
    const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
    return WEEKDAYS.indexOf(weekday) * DAY_MS + seconds * 1_000 + (Math.floor(wallMs) % 1_000);
  }
}

interface Opening {
  /** Begin, in ms since Sunday's midnight; negative if it was in the week before. */
  readonly fromMs: number;
  toMs: number;
}

/** The openings of a week in one time zone. */
class Week {
  private readonly clock: WallClock;
  private readonly openings: readonly Opening[];

  constructor({ clock, windows }: ZonedWindows) {
    this.clock = clock;
    this.openings = joined(windows.flatMap(openingsOf));
  }

  openForMs(wallMs: number): number | undefined {
    const nowMs = this.clock.sinceSundayMs(wallMs);
    const opening = this.openings.find(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
    if (!opening) return undefined;
    const { fromMs, toMs } = opening;
    return toMs - fromMs >= WEEK_MS ? Infinity : nowMs - fromMs;
  }
}

/** The openings of a window that begin in this week and in the week before. */
function openingsOf({ days, fromMs, toMs }: TimeWindow): Opening[] {
  const lengthMs = toMs > fromMs ? toMs - fromMs : toMs + DAY_MS - fromMs;
  return [...days].flatMap((day) =>
    [day * DAY_MS + fromMs, day * DAY_MS + fromMs - WEEK_MS].map((beginMs) => ({
      fromMs: beginMs,
      toMs: beginMs + lengthMs,
    })),
  );
}

function joined(openings: Opening[]): Opening[] {
  const result: Opening[] = [];
  for (const opening of openings.sort((a, b) => a.fromMs - b.fromMs)) {
    const last = result.at(-1);
    if (last && opening.fromMs <= last.toMs) last.toMs = Math.max(last.toMs, opening.toMs);
    else result.push(opening);
  }
  return result;
}
