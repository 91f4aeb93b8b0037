import { ZoneOffset } from '../common/zone-offset.js';

/** Largest offset of a time zone from UTC, ms. */
const MAX_OFFSET_MS = 14 * 3_600_000;
/** Clocks change only at full quarters of an hour, so one offset applies to a whole quarter. */
const SLOT_MS = 15 * 60_000;
/** How many offsets are cached. The times of a feed are close to now, so few are in use. */
const MAX_SLOTS = 64;

/** The time zone of feed timestamps that do not name one. */
export class FeedTimeZone {
  private readonly offset: ZoneOffset;
  private readonly slots = new Map<number, number>();

  /**
   * @param zone an IANA name, such as `Asia/Kolkata`
   * @throws RangeError if there is no such time zone
   */
  constructor(readonly zone: string) {
    this.offset = new ZoneOffset(zone);
  }

  /**
   * A function that returns how far, in ms, the zone's clock is ahead of UTC when it shows
   * `localMs`. It is `undefined` for UTC, which needs no correction.
   */
  get offsetOf(): ((localMs: number) => number) | undefined {
    return this.offset.zone === 'UTC' ? undefined : (localMs) => this.offsetAt(localMs);
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
    const before = this.offset.at(localMs - MAX_OFFSET_MS);
    if (this.offset.at(localMs - before) === before) return before;
    const after = this.offset.at(localMs + MAX_OFFSET_MS);
    return this.offset.at(localMs - after) === after ? after : before;
  }
}
