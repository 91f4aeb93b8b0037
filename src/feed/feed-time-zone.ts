/** Largest offset of a time zone from UTC, ms. */
const MAX_OFFSET_MS = 14 * 3_600_000;
/** Clocks change only at full quarters of an hour, so one offset applies to a whole quarter. */
const SLOT_MS = 15 * 60_000;
/** How many offsets are cached. The times of a feed are close to now, so few are in use. */
const MAX_SLOTS = 64;

/** The time zone of feed timestamps that do not name one. */
export class FeedTimeZone {
  private readonly format: Intl.DateTimeFormat | undefined;
  private readonly slots = new Map<number, number>();

  /**
   * @param zone an IANA name, such as `Asia/Kolkata`
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

  /**
   * A function that returns how far, in ms, the zone's clock is ahead of UTC when it shows
   * `localMs`. It is `undefined` for UTC, which needs no correction.
   */
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
   * Returns the offset before a nearby change of the clocks if `localMs` exists with it, and
   * otherwise the offset after the change. When clocks are set back, an ambiguous time is read as
   * the first of the two. When they are set forward, a skipped time is read with the offset before
   * the change.
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
