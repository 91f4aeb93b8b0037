import type { Random } from './random.js';

/** Seconds from the start of the scenario to the first halt, so that a viewer sees what changes. */
const FIRST_AFTER = 5;
/** Seconds of a halt: long enough for the gateway to report the product as stale. */
const [SHORTEST, LONGEST] = [30, 45];
/** Seconds between two halts. */
const [PAUSE_FROM, PAUSE_TO] = [10, 20];

/** Halts the trading in one product after another, in a random order, for some time each. */
export class TradingHalts {
  /** The product whose trading is halted now. */
  halted: string | undefined;
  private left = FIRST_AFTER;
  private waiting: string[] = [];

  constructor(
    private readonly products: readonly string[],
    private readonly random: Random,
  ) {}

  /**
   * Lets time pass.
   * @returns the product whose halt ends now
   */
  advance(seconds: number): string | undefined {
    this.left -= seconds;
    if (this.left > 0) return undefined;
    const ended = this.halted;
    if (ended === undefined) {
      this.halted = this.nextProduct();
      this.left = this.random.between(SHORTEST, LONGEST);
    } else {
      this.halted = undefined;
      this.left = this.random.between(PAUSE_FROM, PAUSE_TO);
    }
    return ended;
  }

  /** Each product has its turn before one is halted again. */
  private nextProduct(): string {
    if (this.waiting.length === 0) this.waiting = [...this.products];
    const [product] = this.waiting.splice(this.random.integer(0, this.waiting.length - 1), 1);
    return product!;
  }
}
