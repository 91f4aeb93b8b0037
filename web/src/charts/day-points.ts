type Value = number | null;

/** The figures of a chain at one time. */
export interface DayValues {
  readonly pcrOi: Value;
  readonly pcrVolume: Value;
  readonly straddle: Value;
}

/** Times in seconds since the epoch, then the figures. */
export type DayData = [number[], Value[], Value[], Value[]];

const NONE: DayValues = { pcrOi: null, pcrVolume: null, straddle: null };

/**
 * The figures of a chain through the day. Of each interval it keeps the last values. The intervals
 * begin with one second, and are doubled when there are too many, so that a whole day always fits.
 */
export class DayPoints {
  readonly data: DayData = [[], [], [], []];
  private intervalSeconds = 1;

  /** @param most the most points, beyond which the intervals are doubled */
  constructor(private readonly most = 4_000) {}

  get count(): number {
    return this.data[0].length;
  }

  /** @param seconds since the epoch. Points of a later time are removed: the feed's clock was set back. */
  add(seconds: number, values: DayValues): void {
    const [times] = this.data;
    while (times.length > 0 && times.at(-1)! > seconds) this.removeLast();
    const before = times.at(-1);
    if (before !== undefined && this.isGap(times.length - 1) === false && this.sameInterval(before, seconds))
      this.removeLast();
    this.push(seconds, values);
    if (this.count > this.most) this.thin();
  }

  /** Updates before this time may be missing, so the lines are interrupted. */
  addGap(seconds: number): void {
    if (this.count > 0) this.push(seconds, NONE);
  }

  private sameInterval(a: number, b: number): boolean {
    return Math.floor(a / this.intervalSeconds) === Math.floor(b / this.intervalSeconds);
  }

  private isGap(index: number): boolean {
    const [, ...values] = this.data;
    return values.every((each) => each[index] === null);
  }

  private push(seconds: number, { pcrOi, pcrVolume, straddle }: DayValues): void {
    this.data[0].push(seconds);
    this.data[1].push(pcrOi);
    this.data[2].push(pcrVolume);
    this.data[3].push(straddle);
  }

  private removeLast(): void {
    for (const column of this.data) column.pop();
  }

  private thin(): void {
    this.intervalSeconds *= 2;
    const { data } = this;
    const [times] = data;
    let kept = 0;
    for (let at = 0; at < times.length; at++) {
      const isLast = at + 1 === times.length || !this.sameInterval(times[at]!, times[at + 1]!);
      if (!isLast && !this.isGap(at)) continue;
      for (const column of data) column[kept] = column[at]!;
      kept++;
    }
    for (const column of data) column.length = kept;
    // Many gaps leave too many points: the oldest are dropped.
    if (kept > this.most) for (const column of data) column.splice(0, kept - this.most);
  }
}
