/**
 * Names of rooms, in which `*` matches any characters: `general`, `product:*`, `chain:NIFTY:*`,
 * `*`.
 */
const PATTERN = /^[A-Za-z0-9&._:*-]{1,128}$/;

/** The length of `YYYY-MM-DD`, characters. */
const EXPIRY_LENGTH = 10;

/** A list of patterns for the names of rooms. */
export class RoomPatterns {
  private readonly exact: ReadonlySet<string>;
  private readonly expressions: readonly RegExp[];

  constructor(private readonly patterns: readonly string[]) {
    this.exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
    this.expressions = patterns.filter((pattern) => pattern.includes('*')).map(expressionOf);
  }

  static isPattern(this: void, value: unknown): value is string {
    // Allow only one star: several stars could make the match slow, and add nothing useful.
    return typeof value === 'string' && PATTERN.test(value) && value.split('*').length <= 2;
  }

  allow(room: string): boolean {
    return this.exact.has(room) || this.expressions.some((expression) => expression.test(room));
  }

  /** Returns true if the patterns allow at least one expiry of that chain. */
  allowExpiryOf(chain: string): boolean {
    const prefix = `${chain}:`;
    return this.patterns.some((pattern) => {
      const [start = '', end] = pattern.split('*');
      if (end === undefined) return pattern.startsWith(prefix);
      const expiry = end.slice(-EXPIRY_LENGTH);
      const before = end.slice(0, -EXPIRY_LENGTH);
      return (
        (start.startsWith(prefix) || prefix.startsWith(start)) &&
        /^[\d-]*$/.test(expiry) &&
        prefix.endsWith(before)
      );
    });
  }
}

function expressionOf(pattern: string): RegExp {
  const [start = '', end = ''] = pattern.split('*').map((part) => part.replaceAll('.', '\\.'));
  return new RegExp(`^${start}.*${end}$`);
}
