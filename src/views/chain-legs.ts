import type { ViewColumn } from '../contract/index.js';
import { FieldReader } from './field-reader.js';
import { eachMember, endOfValue, flatObjectsOf, type Items, itemsOf, numberAt } from './json-text.js';

/** No option. */
export const NO_LEG = -1;

/**
 * The options of one side of a chain, found in its JSON text. Their numbers are taken as they are
 * written there, because parsing would change `100.0` to `100`.
 *
 * A chain has hundreds of options, which are all written in the same way. So the options and their
 * fields are found by a few searches, which is several times as fast as parsing. If the text turns
 * out to be written in another way, it is read character by character.
 */
export class ChainLegs {
  /** The position after the array. */
  readonly end: number;
  private readonly legs: Items;
  /** Where the strike of each option is. */
  private readonly strikes: readonly number[];
  /** Whether the fields of an option can be found by searching for their names. */
  private readonly searchable: boolean;
  /** The first option of each strike. Filled only if some option is not in the row of its strike. */
  private byStrike: Map<number, number> | undefined;

  /**
   * @param at the position of the array of options
   * @param hasEscapes whether the text has a backslash, so that a name may be written in several ways
   */
  constructor(
    private readonly text: string,
    at: number,
    hasEscapes: boolean,
  ) {
    const flat = hasEscapes ? undefined : flatObjectsOf(text, at);
    const strikes = flat && this.strikesOf(flat);
    this.searchable = strikes !== undefined;
    this.legs = flat && strikes ? flat : itemsOf(text, at);
    this.end = this.legs.end;
    this.strikes = strikes ?? this.legs.starts.map((start) => this.strikeAt(start));
  }

  /**
   * The option of a strike, or {@link NO_LEG}.
   * @param row the position of the strike in the strikes of the chain. Usually its option has the
   *   same position.
   */
  of(strike: number, row: number): number {
    if (row < this.strikes.length && this.strike(row) === strike) return row;
    if (!this.byStrike) {
      this.byStrike = new Map();
      for (let leg = 0; leg < this.strikes.length; leg++) {
        const its = this.strike(leg);
        if (!this.byStrike.has(its)) this.byStrike.set(its, leg);
      }
    }
    return this.byStrike.get(strike) ?? NO_LEG;
  }

  /** The numbers of some options as they are written in the text, or `null`: a list for each column. */
  columns(legs: readonly number[], columns: readonly ViewColumn[]): readonly (readonly string[])[] {
    if (this.searchable) return this.search(legs, columns);
    const numbers = legs.map((leg) => (leg === NO_LEG ? undefined : this.numbersOf(this.legs.starts[leg]!)));
    return columns.map((column) => numbers.map((one) => one?.get(column) ?? 'null'));
  }

  private search(legs: readonly number[], columns: readonly ViewColumn[]): string[][] {
    const { starts, ends } = this.legs;
    const found = columns.map((column) => ({
      reader: new FieldReader(this.text, column),
      numbers: [] as string[],
    }));
    // Read in the order of the text, so that each field is near the one before.
    const start = starts[legs.find((leg) => leg !== NO_LEG) ?? 0] ?? 0;
    const inOrder = [...found].sort((a, b) => a.reader.first(start) - b.reader.first(start));
    for (const leg of legs) {
      if (leg === NO_LEG) {
        for (const { numbers } of found) numbers.push('null');
        continue;
      }
      let near = starts[leg]!;
      for (const { reader, numbers } of inOrder) {
        const value = reader.find(starts[leg]!, ends[leg]!, near);
        const number = reader.read(value);
        numbers.push(number);
        if (value >= 0) near = value + number.length;
      }
    }
    return found.map(({ numbers }) => numbers);
  }

  /** The strikes of all options. Undefined if one seems to have none, because a search was misled. */
  private strikesOf({ starts, ends }: Items): number[] | undefined {
    const reader = new FieldReader(this.text, 'strike');
    const strikes: number[] = [];
    for (let leg = 0; leg < starts.length; leg++) {
      const value = reader.find(starts[leg]!, ends[leg]!, starts[leg]!);
      if (value < 0) return undefined;
      strikes.push(value);
    }
    return strikes;
  }

  private strike(leg: number): number {
    return Number(numberAt(this.text, this.strikes[leg]!));
  }

  /** Where the strike of an option is, read character by character. */
  private strikeAt(start: number): number {
    let at = start;
    eachMember(this.text, start, (key, value) => {
      if (key === 'strike') at = value;
      return endOfValue(this.text, value);
    });
    return at;
  }

  /** The numbers of an option, read character by character. */
  private numbersOf(start: number): ReadonlyMap<string, string> {
    const { text } = this;
    const numbers = new Map<string, string>();
    eachMember(text, start, (key, value) => {
      numbers.set(key, numberAt(text, value));
      return endOfValue(text, value);
    });
    return numbers;
  }
}
