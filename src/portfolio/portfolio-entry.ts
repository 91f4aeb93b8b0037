import { parseId } from '../common/parse-id.js';
import { parseJson } from '../common/parse-json.js';
import type { HistoryNumber, HistoryRow } from '../contract/index.js';

/** The most numbers of one portfolio that are kept: the first ones. */
const MAX_NUMBERS = 64;
/** Longest name of a number, characters. A number with a longer one is left out. */
const MAX_NAME = 64;
/** About the longest text of an entry, characters. Numbers that would exceed it are left out. */
const MAX_TEXT = 2_048;
/** Characters of a number in the text, and of what stands around it. */
const NUMBER_LENGTH = 24;
/**
 * The most names of one page. Portfolios that name their numbers by orders or options would otherwise
 * make a column for each of them.
 */
const MAX_COLUMNS = 64;

/** What the history has of one portfolio. */
export interface PortfolioEntry {
  readonly timestamp: string;
  /** The numbers by their names. That of a number in an object is dotted, as `margin.used`. */
  readonly numbers: ReadonlyMap<string, number>;
}

/** The form in the store. The user is a second lock behind the key, which names it too. */
interface StoredEntry {
  readonly user_id: unknown;
  readonly timestamp: unknown;
  readonly numbers: unknown;
}

/**
 * Returns what is kept of a portfolio, as JSON text: its user, its time and its numbers. Lists, such
 * as positions, and texts are left out.
 */
export function portfolioEntryText(user: string, portfolio: object & { readonly timestamp: string }): string {
  const numbers = new Map<string, number>();
  collect(portfolio, '', numbers);
  numbers.delete('user_id');
  let room = MAX_TEXT;
  const kept = [...numbers]
    .slice(0, MAX_NUMBERS)
    .filter(([name]) => (room -= name.length + NUMBER_LENGTH) >= 0);
  const entry: StoredEntry = {
    user_id: user,
    timestamp: portfolio.timestamp,
    numbers: Object.fromEntries(kept),
  };
  return JSON.stringify(entry);
}

/** Returns undefined for an entry that is not a portfolio of this user. */
export function portfolioEntryOf(
  { value }: { readonly value: string },
  user: string,
): PortfolioEntry | undefined {
  const entry = parseJson(value) as Partial<StoredEntry> | null | undefined;
  if (typeof entry !== 'object' || entry === null || parseId(entry.user_id) !== user) return undefined;
  const { timestamp, numbers } = entry;
  if (typeof timestamp !== 'string' || typeof numbers !== 'object' || numbers === null) return undefined;
  const named = Object.entries(numbers);
  const isEntry = named.length <= MAX_NUMBERS && named.every(([, item]) => typeof item === 'number');
  return isEntry ? { timestamp, numbers: new Map(named as [string, number][]) } : undefined;
}

/** Entries as rows, whose columns are the names in them in the order of their first appearance. */
export function portfolioTable(entries: readonly PortfolioEntry[]): {
  readonly columns: readonly string[];
  readonly rows: readonly HistoryRow[];
} {
  const names = namesIn(entries);
  const rows = entries.map(({ timestamp, numbers }) => [
    timestamp,
    ...names.map((name): HistoryNumber => numbers.get(name) ?? null),
  ]);
  return { columns: ['timestamp', ...names], rows };
}

function namesIn(entries: readonly PortfolioEntry[]): readonly string[] {
  const names = new Set<string>();
  for (const { numbers } of entries) {
    for (const name of numbers.keys()) {
      if (names.size === MAX_COLUMNS) return [...names];
      names.add(name);
    }
  }
  return [...names];
}

/** Adds the finite numbers of an object, and of the objects in it. Its depth has been checked. */
function collect(object: object, prefix: string, numbers: Map<string, number>): void {
  for (const [key, value] of Object.entries(object) as [string, unknown][]) {
    // One more than is kept, because the user's number is removed.
    if (numbers.size > MAX_NUMBERS) return;
    const name = prefix + key;
    if (name.length > MAX_NAME) continue;
    if (typeof value === 'number') {
      if (Number.isFinite(value) && !numbers.has(name)) numbers.set(name, value);
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      collect(value, `${name}.`, numbers);
    }
  }
}
