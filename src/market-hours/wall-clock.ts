import { ZoneOffset } from '../common/zone-offset.js';

const MINUTE_MS = 60_000;

/** The local time of a time zone. */
export class WallClock {
  /** The name of the zone, as `Intl` normalizes it. */
  readonly zone: string;
  private readonly offset: ZoneOffset;
  /** The offset of the last minute that was asked for. */
  private known: { readonly minute: number; readonly offsetMs: number } | undefined;

  /** @throws RangeError if there is no such time zone */
  constructor(zone: string) {
    this.offset = new ZoneOffset(zone);
    this.zone = this.offset.zone;
  }

  /**
   * Converts a time in ms since the epoch to local time: the ms since 1970-01-01 00:00 that a local
   * clock which never changes would show.
   */
  localMs(wallMs: number): number {
    const minute = Math.floor(wallMs / MINUTE_MS);
    if (this.known?.minute !== minute) this.known = { minute, offsetMs: this.offset.at(minute * MINUTE_MS) };
    return Math.floor(wallMs) + this.known.offsetMs;
  }

  /**
   * Converts a local time to ms since the epoch. A local time that the clocks skip becomes one
   * close to it.
   * @param nearMs a time within some days of the result, ms since the epoch
   */
  wallMs(localMs: number, nearMs: number): number {
    let wallMs = nearMs;
    // The first step may cross a change of the clocks, and the second corrects for it.
    for (let step = 0; step < 2; step++) wallMs += localMs - this.localMs(wallMs);
    return wallMs;
  }
}
