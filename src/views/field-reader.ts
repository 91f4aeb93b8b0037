import { numberAt, skipSpace } from './json-text.js';

const QUOTE = 0x22;
const COLON = 0x3a;
const KEY_END = '":';

/**
 * Finds one field in many objects of a JSON text, which are written one after the other and mostly
 * in the same way. It looks first where the field was in the object before, and then searches.
 *
 * The text must have no backslashes. Then a quote cannot be in a string, so `name":` after a quote
 * is always a key.
 */
export class FieldReader {
  /** How far after the place where the search began the key was in the last object. */
  private gap = 0;
  /** Where the last search began, and the first key that it found; `Infinity` if there was none. */
  private searchedFrom = Infinity;
  private foundAt = -1;

  constructor(
    private readonly text: string,
    readonly field: string,
  ) {}

  /**
   * The position of the value of the field in an object.
   * @param start where the object begins
   * @param end where it ends
   * @param near where the key may be expected: after another field of the object
   * @returns -1 if the object has no such field
   */
  find(start: number, end: number, near: number): number {
    let key = near + this.gap;
    if (key >= end || !this.isKeyAt(key)) {
      key = this.first(start);
      if (key >= end) return -1;
      this.gap = Math.max(0, key - near);
    }
    return skipSpace(this.text, key + this.field.length + KEY_END.length);
  }

  /** A number, as it is written, or `null`. */
  read(value: number): string {
    return value < 0 ? 'null' : numberAt(this.text, value);
  }

  /** The position of the first key at or after `from`; `Infinity` if there is none. */
  first(from: number): number {
    if (this.searchedFrom <= from && from <= this.foundAt) return this.foundAt;
    const { text } = this;
    const pattern = this.field + KEY_END;
    // The quote before the name is not searched for, because quotes are frequent.
    let at = text.indexOf(pattern, from);
    while (at >= 0 && text.charCodeAt(at - 1) !== QUOTE) at = text.indexOf(pattern, at + 1);
    this.searchedFrom = from;
    this.foundAt = at < 0 ? Infinity : at;
    return this.foundAt;
  }

  private isKeyAt(at: number): boolean {
    const { text, field } = this;
    const { length } = field;
    if (text.charCodeAt(at - 1) !== QUOTE || text.charCodeAt(at + length) !== QUOTE) return false;
    if (text.charCodeAt(at + length + 1) !== COLON) return false;
    for (let i = 0; i < length; i++) if (text.charCodeAt(at + i) !== field.charCodeAt(i)) return false;
    return true;
  }
}
