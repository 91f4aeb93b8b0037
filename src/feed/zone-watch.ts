/** Zones differ by whole quarters of an hour, ms. */
const QUARTER_MS = 15 * 60_000;
/** No further than this from each other: UTC-12 and UTC+14, ms. */
const MAX_OFFSET_MS = 26 * 3_600_000;
/** What the clocks and the way of a message may add, ms. */
const TOLERANCE_MS = 10_000;
/** Messages in a row that must be off by the same: one may have been delivered late. */
const MESSAGES = 20;

/**
 * Notices a producer whose clock shows another time zone than the gateway reads its times in: they differ from this
 * machine's clock by whole quarters of an hour.
 */
export class ZoneWatch {
  private offsetMs = 0;
  private count = 0;

  /**
   * @param aheadMs by how much a message's time was ahead of the clock when it came
   * @returns the offset, if the messages have been off by it for a while
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

/** Such as `+05:30`, for people. */
export function offsetText(offsetMs: number): string {
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
