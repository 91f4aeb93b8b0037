/** Offsets of time zones are multiples of a quarter of an hour, ms. */
const QUARTER_MS = 15 * 60_000;
/** Largest difference between two time zones, ms: UTC-12 and UTC+14. */
const MAX_OFFSET_MS = 26 * 3_600_000;
/** Allowed error, ms: clocks differ, and a message takes time to arrive. */
const TOLERANCE_MS = 10_000;
/** How many messages in a row must have the same offset. A single one may just be late. */
const MESSAGES = 20;

/**
 * Detects a producer that writes its timestamps in another time zone than the gateway is configured
 * for: its times then differ from this machine's clock by a multiple of a quarter of an hour.
 */
export class ZoneWatch {
  private offsetMs = 0;
  private count = 0;

  /**
   * @param aheadMs how far a message's time was ahead of the clock on arrival
   * @returns the offset in ms, once enough messages in a row have had it
   */
  observe(aheadMs: number): number | undefined {
    const offsetMs = Math.round(aheadMs / QUARTER_MS) * QUARTER_MS;
    const suspect =
      offsetMs !== 0 && Math.abs(offsetMs) <= MAX_OFFSET_MS && Math.abs(aheadMs - offsetMs) <= TOLERANCE_MS;
    this.count = suspect ? (offsetMs === this.offsetMs ? this.count + 1 : 1) : 0;
    this.offsetMs = offsetMs;
    return this.count >= MESSAGES ? offsetMs : undefined;
  }
}

/** An offset in the usual notation, such as `+05:30`. */
export function offsetText(offsetMs: number): string {
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
