/** A stretch of the day in which a market is open; one that does not end after it begins runs into the next day. */
export interface TimeWindow {
  /** The days it begins on; 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  /** Since midnight, ms. */
  readonly fromMs: number;
  /** Since midnight, ms, exclusive. */
  readonly toMs: number;
}

/** Windows by the wall clock of a time zone. */
export interface ZonedWindows {
  readonly clock: WallClock;
  readonly windows: readonly TimeWindow[];
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** When a market is open: whenever one of its windows is. Windows that touch or overlap are one opening. */
export class Schedule {
  private readonly weeks: readonly Week[];

  /** Without entries it is never closed. */
  constructor(entries: readonly ZonedWindows[]) {
    const byZone = new Map<string, ZonedWindows>();
    for (const { clock, windows } of entries) {
      const { windows: others = [] } = byZone.get(clock.zone) ?? {};
      byZone.set(clock.zone, { clock, windows: [...others, ...windows] });
    }
    this.weeks = [...byZone.values()].map((zoned) => new Week(zoned));
  }

  /**
   * For how long it has been open at a time, ms; `undefined` while it is closed. On a night when the clocks change that is off
   * by the change.
   * @param wallMs since the epoch
   */
  openForMs(wallMs: number): number | undefined {
    const [week, ...others] = this.weeks;
    if (!week) return Infinity;
    if (others.length === 0) return week.openForMs(wallMs);
    // Where one zone's window begins, another's may have been open before.
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

/** The clock on the wall of a time zone. */
export class WallClock {
  /** The zone's name as `Intl` writes it. */
  readonly zone: string;
  private readonly format: Intl.DateTimeFormat;

  /** @throws RangeError where there is no such time zone */
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

  /** What it shows at a time since the epoch: since Sunday's midnight, ms. */
  sinceSundayMs(wallMs: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
    for (const { type, value } of this.format.formatToParts(wallMs)) parts[type] = value;
    const { weekday = '', hour, minute, second } = parts;
    const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
    return WEEKDAYS.indexOf(weekday) * DAY_MS + seconds * 1_000 + (Math.floor(wallMs) % 1_000);
  }
}

interface Opening {
  /** Since Sunday's midnight, ms; below 0 it was in the week before. */
  readonly fromMs: number;
  toMs: number;
}

/** The openings of a week by one clock. */
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

/** Those of a window that begin this week and the week before. */
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
