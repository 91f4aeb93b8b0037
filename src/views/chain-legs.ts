import type { ViewColumn } from '../contract/index.js';
import {
  eachMember,
  endOfValue,
  flatObjectsOf,
  itemsOf,
  numberAt,
  skipSpace,
  type Span,
} from './json-text.js';

/** Where a search for a field began, and where it found the first one. */
interface Found {
  readonly from: number;
  readonly at: number;
}

/**
 * The options of one side of a chain, found in its JSON text. Their numbers are taken as they are
 * written there, because parsing would change `100.0` to `100`.
 *
 * A chain has hundreds of options, which are all written in the same way. So the options and their
 * fields are found by searching for a few characters, which is several times as fast as parsing. If
 * the text turns out to be written in another way, it is read character by character.
 */
export class ChainLegs {
  /** The position after the array. */
  readonly end: number;
  private readonly legs: readonly Span[];
  /** Whether the fields of an option can be found by searching for their names. */
  private readonly searchable: boolean;
  private readonly found = new Map<string, Found>();
  /** The first option of each strike. Filled only if some option is not in the row of its strike. */
  private byStrike: Map<number, Span> | undefined;

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
    // Every option has a strike. If one seems to have none, the search was misled.
    this.searchable = flat?.items.every((leg) => this.search(leg, 'strike') !== undefined) ?? false;
    const { items, end } = flat && this.searchable ? flat : itemsOf(text, at);
    this.legs = items;
    this.end = end;
  }

  /**
   * The option of a strike; undefined if there is none.
   * @param row the position of the strike in the strikes of the chain. Usually its option has the
   *   same position.
   */
  of(strike: number, row: number): Span | undefined {
    const leg = this.legs[row];
    if (leg && this.strikeOf(leg) === strike) return leg;
    if (!this.byStrike) {
      this.byStrike = new Map();
      for (const one of this.legs) {
        const its = this.strikeOf(one);
        if (!this.byStrike.has(its)) this.byStrike.set(its, one);
      }
    }
    return this.byStrike.get(strike);
  }

  /** A number of an option as it is written in the text, or `null`. */
  number(leg: Span, field: ViewColumn | 'strike'): string {
    const value = this.searchable ? this.search(leg, field) : this.read(leg, field);
    return value === undefined ? 'null' : numberAt(this.text, value);
  }

  private strikeOf(leg: Span): number {
    return Number(this.number(leg, 'strike'));
  }

  /** The position of the value of a field; undefined if the option has no such field. */
  private search({ start, end }: Span, field: string): number | undefined {
    const { text } = this;
    let found = this.found.get(field);
    if (!found || found.from > start || found.at < start) {
      found = { from: start, at: keyAt(text, field, start) };
      this.found.set(field, found);
    }
    return found.at < end ? skipSpace(text, found.at + field.length + KEY_END.length) : undefined;
  }

  /** The same as {@link search}, character by character. */
  private read({ start }: Span, field: string): number | undefined {
    const { text } = this;
    let at: number | undefined;
    eachMember(text, start, (key, value) => {
      if (key === field) at = value;
      return endOfValue(text, value);
    });
    return at;
  }
}

const QUOTE = 0x22;
const KEY_END = '":';

/**
 * The position of the first key `field` at or after `from`, without its quote; `Infinity` if there
 * is none. A string cannot contain what it searches for, because a quote in a string has a backslash
 * before it.
 */
function keyAt(text: string, field: string, from: number): number {
  // The quote before the name is not searched for, because quotes are frequent.
  let at = text.indexOf(field + KEY_END, from);
  while (at >= 0 && text.charCodeAt(at - 1) !== QUOTE) at = text.indexOf(field + KEY_END, at + 1);
  return at < 0 ? Infinity : at;
}
