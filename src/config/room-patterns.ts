/** Rooms' names, with `*` for any characters: `general`, `product:*`, `chain:NIFTY:*`, `*`. */
const PATTERN = /^[A-Za-z0-9&._:*-]{1,128}$/;

/** Characters of `YYYY-MM-DD`. */
const EXPIRY_LENGTH = 10;

/** A list of patterns of rooms' names. */
export class RoomPatterns {
  private readonly exact: ReadonlySet<string>;
  private readonly expressions: readonly RegExp[];

  constructor(private readonly patterns: readonly string[]) {
    this.exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
    this.expressions = patterns.filter((pattern) => pattern.includes('*')).map(expressionOf);
  }

  static isPattern(this: void, value: unknown): value is string {
    // Two stars could make a name's check slow, and say nothing that one does not.
    return typeof value === 'string' && PATTERN.test(value) && value.split('*').length <= 2;
  }

  allow(room: string): boolean {
    return this.exact.has(room) || this.expressions.some((expression) => expression.test(room));
  }

  /** Whether there is an expiry of that chain that they allow. */
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
