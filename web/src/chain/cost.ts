/** The last seconds that count. */
const WINDOW_MS = 5_000;

/**
 * What a subscription costs: how often its updates come, and how large they are. A page cannot see
 * how many bytes the network carried, so this is the JSON of the messages before compression.
 */
export class Cost {
  private arrivals: number[] = [];
  private bytes = 0;
  private measuredAt = -Infinity;
  private startedAt: number | undefined;

  /** @param now in ms */
  add(update: unknown, now: number): void {
    this.startedAt ??= now;
    this.arrivals.push(now);
    // The sizes of successive messages differ little, so one a second is measured.
    if (now - this.measuredAt < 1_000) return;
    this.measuredAt = now;
    this.bytes = JSON.stringify(update).length;
  }

  /** Begins again, because the view is another one. */
  reset(): void {
    this.arrivals = [];
    this.bytes = 0;
    this.measuredAt = -Infinity;
    this.startedAt = undefined;
  }

  /** @returns undefined until something has arrived */
  at(now: number): { readonly updatesPerSecond: number; readonly bytesPerSecond: number } | undefined {
    if (this.startedAt === undefined) return undefined;
    this.arrivals = this.arrivals.filter((time) => time > now - WINDOW_MS);
    const seconds = Math.min(WINDOW_MS, Math.max(1_000, now - this.startedAt)) / 1_000;
    const updatesPerSecond = this.arrivals.length / seconds;
    return { updatesPerSecond, bytesPerSecond: updatesPerSecond * this.bytes };
  }
}
