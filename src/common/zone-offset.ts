/** How far the clock of a time zone is ahead of UTC. */
export class ZoneOffset {
  /** The name of the zone, as `Intl` normalizes it. */
  readonly zone: string;
  private readonly format: Intl.DateTimeFormat;

  /**
   * @param zone an IANA name, such as `Asia/Kolkata`
   * @throws RangeError if there is no such time zone
   */
  constructor(zone: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
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
    this.zone = this.format.resolvedOptions().timeZone;
  }

  /** The offset at a time, ms. It takes some microseconds. */
  at(utcMs: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.format.formatToParts(utcMs)) parts[type] = Number(value);
    const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(utcMs / 1_000) * 1_000;
  }
}
