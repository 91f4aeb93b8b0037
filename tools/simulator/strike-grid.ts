/** More strikes than this are not listed in one chain. */
export const MAX_STRIKES = 500;

/** New strikes are listed when the money comes so close to the outermost one, in strikes. */
const MARGIN = 5;

/**
 * The strikes of one chain. Like an exchange, it lists them around the price at the opening and
 * adds some at an edge when the money comes close to it, so that totals over all strikes change
 * only with trade. It removes a strike only if there are {@link MAX_STRIKES}.
 */
export class StrikeGrid {
  /** The lowest and the highest strike, in steps. */
  private lowest = 0;
  private highest = -1;
  private listed: readonly number[] = [];

  /**
   * @param step the distance between two strikes
   * @param count the strikes at the opening
   */
  constructor(
    readonly step: number,
    private readonly count: number,
  ) {}

  /** All strikes in ascending order, for a price. The same array as before if none was added. */
  at(spot: number): readonly number[] {
    const money = Math.max(1, Math.round(spot / this.step));
    // A chain that is shorter than two margins would grow with its first price.
    const margin = Math.min(MARGIN, Math.floor(this.count / 4));
    if (this.listed.length === 0) {
      this.lowest = Math.max(1, money - Math.floor(this.count / 2));
      this.list(this.lowest + this.count - 1);
    } else if (money + margin > this.highest) {
      this.lowest = Math.max(this.lowest, money + margin - MAX_STRIKES + 1);
      this.list(money + margin);
    } else if (this.lowest > 1 && money - margin < this.lowest) {
      this.lowest = Math.max(1, money - margin);
      this.list(Math.min(this.highest, this.lowest + MAX_STRIKES - 1));
    }
    return this.listed;
  }

  /** Lists the strikes around the next price, as at the opening. */
  reopen(): void {
    this.listed = [];
  }

  private list(highest: number): void {
    this.highest = highest;
    const { lowest, step } = this;
    this.listed = Array.from({ length: highest - lowest + 1 }, (_, index) => (lowest + index) * step);
  }
}
