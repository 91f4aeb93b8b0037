/** The most symbols in the index: a larger one would take too long to build within a request. */
const MAX_SYMBOLS = 10_000;
/** The most symbols kept for one spelling with a letter left out. */
const MAX_PER_SPELLING = 4;

/**
 * Finds symbols that differ from a given one only by case, or by one letter (not digit): a letter
 * replaced, inserted, left out, or swapped with the next one. The index holds each spelling with
 * one letter left out. So a search does only as many look-ups as the symbol has letters, however
 * many symbols there are.
 */
export class NearSymbols {
  private readonly exact = new Set<string>();
  private readonly folded = new Map<string, string[]>();
  private readonly shortened = new Map<string, string[]>();

  constructor(symbols: readonly string[]) {
    for (const symbol of symbols.slice(0, MAX_SYMBOLS)) {
      const folded = symbol.toUpperCase();
      this.exact.add(symbol);
      put(this.folded, folded, symbol);
      for (const spelling of shorter(folded)) put(this.shortened, spelling, symbol);
    }
  }

  /**
   * Returns a known symbol that is close to the given one.
   * @param allowed returns true if a symbol may be suggested
   */
  of(symbol: string, allowed: (symbol: string) => boolean): string | undefined {
    const folded = symbol.toUpperCase();
    // Suggest nothing for a known symbol: its spelling is right, even if the room is unknown.
    if (this.exact.has(symbol)) return undefined;
    const near = (one: string) => allowed(one) && isNear(folded, one.toUpperCase());
    return (
      this.folded.get(folded)?.find(allowed) ??
      this.shortened.get(folded)?.find(near) ??
      first(shorter(folded), (spelling) => this.folded.get(spelling)?.find(near)) ??
      first(shorter(folded), (spelling) => this.shortened.get(spelling)?.find(near))
    );
  }
}

function put(map: Map<string, string[]>, key: string, symbol: string): void {
  const known = map.get(key);
  if (!known) map.set(key, [symbol]);
  else if (known.length < MAX_PER_SPELLING && !known.includes(symbol)) known.push(symbol);
}

function first<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Returns every spelling with one letter left out. Returns none for texts of one or two letters,
 * for which almost every symbol would be near.
 */
function shorter(text: string): string[] {
  if (text.length < 3) return [];
  return Array.from(text, (_, index) => text.slice(0, index) + text.slice(index + 1));
}

/** Returns true if two texts differ by one letter, or by two letters that are swapped. */
function isNear(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false;
  let start = 0;
  while (start < one.length && one[start] === other[start]) start++;
  let end = 0;
  const rest = Math.min(one.length, other.length) - start;
  while (end < rest && one.at(-1 - end) === other.at(-1 - end)) end++;
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  // Symbols that differ only by a digit are different products, not misspellings.
  if (/\d/.test(left + right)) return false;
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}
