import type { Column } from './columns.js';
import { type Ladder, SIDES } from './ladder.js';
import { strike as writtenStrike } from '../format.js';

/** The size of a heading, as a part of that of the numbers. */
const HEADING_SIZE = 0.92;
/** The space beside the text of a cell, and of a strike with its marks. px */
const CELL_SPACE = 9;
const MARK_SPACE = 30;

/**
 * The widths that the columns need. They follow from the largest numbers of a chain, and only grow
 * while the same chain is shown, so that columns do not move with every update.
 */
export class Widths {
  private chainKey = '';
  private longest = new Map<string, number>();

  /** @param digitPx the width of a digit */
  constructor(private readonly digitPx: () => number) {}

  /** Returns whether a column has become wider, or the chain is another one. */
  measure({ chain }: Ladder, columns: readonly Column[]): boolean {
    const key = `${chain.product} ${chain.expiry}`;
    let isWider = key !== this.chainKey;
    if (isWider) this.longest = new Map();
    this.chainKey = key;
    for (const column of columns) isWider = this.grow(column.id, longestOf(chain, column)) || isWider;
    const ends = [chain.strikes[0], chain.strikes.at(-1)].map((strike) => writtenStrike(strike).length);
    return this.grow('strike', Math.max(...ends)) || isWider;
  }

  /** px */
  of({ id, label }: Column): number {
    // Letters of a heading are as wide as digits on average, but are written smaller.
    const characters = Math.max(label.length * HEADING_SIZE, this.longest.get(id) ?? 0);
    return Math.ceil(characters * this.digitPx()) + CELL_SPACE;
  }

  /** px. @param isNarrow only max pain has a mark with text then, on one side of the strike */
  ofStrike(isNarrow: boolean): number {
    const text = Math.ceil((this.longest.get('strike') ?? 6) * this.digitPx());
    return text + (isNarrow ? MARK_SPACE : 2 * MARK_SPACE);
  }

  private grow(id: string, length: number): boolean {
    if (length <= (this.longest.get(id) ?? 0)) return false;
    this.longest.set(id, length);
    return true;
  }
}

/** How many characters the widest number of a column has. */
function longestOf(chain: Ladder['chain'], column: Column): number {
  let most = 0;
  let least = 0;
  for (const side of SIDES) {
    for (const value of chain[side][column.source] ?? []) {
      if (value === null) continue;
      if (value > most) most = value;
      if (value < least) least = value;
    }
  }
  const texts = [most, least].map((value) => column.format(value).length);
  // A change is seldom as large as the number itself. It has a sign.
  return column.isChange ? Math.max(5, texts[0]! - 1) : Math.max(...texts);
}
