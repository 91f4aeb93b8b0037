/** How far apart the clocks of two zones can be, ms. */
const MAX_OFFSET_MS = 14 * 3_600_000;
/** Clocks change at a quarter of an hour, so an offset holds for all of one. */
const SLOT_MS = 15 * 60_000;
/** Offsets remembered. A feed's times are of now, so one would nearly do. */
const MAX_SLOTS = 64;

/** The time zone of a feed's timestamps that name none. */
export class FeedTimeZone {
  private readonly format: Intl.DateTimeFormat | undefined;
  private readonly slots = new Map<number, number>();

  /**
   * @param zone an IANA name
   * @throws RangeError if there is no such time zone
   */
  constructor(readonly zone: string) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    });
    if (format.resolvedOptions().timeZone !== 'UTC') this.format = format;
  }

  /** By how much the zone's clock is ahead of UTC when it shows `localMs`; `undefined` for UTC itself, which needs no sum. */
  get offsetOf(): ((localMs: number) => number) | undefined {
    return this.format && ((localMs) => this.offsetAt(localMs));
  }

  private offsetAt(localMs: number): number {
    const slot = Math.floor(localMs / SLOT_MS);
    let offset = this.slots.get(slot);
    if (offset === undefined) {
      offset = this.search(localMs);
      if (this.slots.size >= MAX_SLOTS) this.slots.clear();
      this.slots.set(slot, offset);
    }
    return offset;
  }

  /**
   * The offset before the next change of the clocks, if that fits; else the one after it. A time that comes twice, when clocks
   * are set back, is the first of the two; one that is left out is as if the clock had not been set yet.
   */
  private search(localMs: number): number {
    const before = this.offsetAtUtc(localMs - MAX_OFFSET_MS);
    if (this.offsetAtUtc(localMs - before) === before) return before;
    const after = this.offsetAtUtc(localMs + MAX_OFFSET_MS);
    return this.offsetAtUtc(localMs - after) === after ? after : before;
  }

  private offsetAtUtc(utcMs: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.format?.formatToParts(utcMs) ?? []) parts[type] = Number(value);
    const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(utcMs / 1_000) * 1_000;
  }
}

/** Whether there is a time zone of that name. */
export function isTimeZone(zone: unknown): boolean {
  if (typeof zone !== 'string') return false;
  try {
    new FeedTimeZone(zone);
    return true;
  } catch {
    return false;
  }
}
