import type { ViewColumn, ViewMode } from '@deltastream/socket-client';
import { count, decimal, price, signed } from '../format.js';

/** A column of the ladder. Each side of the strike has one. */
export type ColumnId =
  | 'oi'
  | 'oi_change'
  | 'volume'
  | 'iv'
  | 'last'
  | 'change'
  | 'bid'
  | 'ask'
  | 'delta'
  | 'gamma'
  | 'theta'
  | 'vega';

export interface Column {
  readonly id: ColumnId;
  /** The heading. */
  readonly label: string;
  /** What the heading means, in full. */
  readonly title: string;
  /** The column of the feed that the values come from. */
  readonly source: ViewColumn;
  /** The values are differences from the reference chain. */
  readonly isChange?: true;
  readonly isGreek?: true;
  readonly format: (value: number | null) => string;
  /**
   * Which columns a narrow ladder gives up first: those with the highest number. Columns of one rank
   * are shown together or not at all.
   */
  readonly rank: number;
}

/** From the outer edge of the ladder to the strike, on the side of the calls. */
export const COLUMNS: readonly Column[] = [
  { id: 'oi', label: 'OI', title: 'Open interest', source: 'open_interest', format: count, rank: 0 },
  {
    id: 'oi_change',
    label: 'OI chg',
    title: 'Change in open interest',
    source: 'open_interest',
    isChange: true,
    format: (value) => signed(value, 0),
    rank: 2,
  },
  { id: 'volume', label: 'Volume', title: 'Volume', source: 'volume', format: count, rank: 4 },
  greek('vega', 'Vega', 2, 1.4),
  greek('theta', 'Theta', 2, 1.2),
  greek('gamma', 'Gamma', 5, 1.3),
  greek('delta', 'Delta', 3, 1.1),
  {
    id: 'iv',
    label: 'IV %',
    title: 'Implied volatility, percent',
    source: 'iv',
    format: (value) => decimal(value === null ? null : value * 100, 2),
    rank: 1,
  },
  { id: 'last', label: 'LTP', title: 'Last traded price', source: 'last', format: price, rank: 0 },
  {
    id: 'change',
    label: 'Chg',
    title: 'Change of the last traded price',
    source: 'last',
    isChange: true,
    format: (value) => signed(value, 2),
    rank: 3,
  },
  { id: 'bid', label: 'Bid', title: 'Bid', source: 'bid', format: price, rank: 5 },
  { id: 'ask', label: 'Ask', title: 'Ask', source: 'ask', format: price, rank: 5 },
];

function greek(
  id: 'delta' | 'gamma' | 'theta' | 'vega',
  label: string,
  digits: number,
  rank: number,
): Column {
  return { id, label, title: label, source: id, isGreek: true, format: (v) => decimal(v, digits), rank };
}

/** These remain visible however narrow the ladder is. */
const isRequired = ({ rank }: Column): boolean => rank === 0;

/** What the reader has chosen to see. */
export interface ColumnChoice {
  readonly hidden: ReadonlySet<ColumnId>;
  readonly greeks: boolean;
}

/** The columns of a choice, from the outer edge to the strike. */
export function chosenColumns({ hidden, greeks }: ColumnChoice): Column[] {
  return COLUMNS.filter(
    (column) => isRequired(column) || (!hidden.has(column.id) && (greeks || !column.isGreek)),
  );
}

/**
 * The columns that fit into a width, in their order. `last` and `oi` are always among them.
 * @param widthOf the width that a column needs on one side, px
 * @param available the width of the ladder without its strikes, px
 */
export function fittingColumns(
  columns: readonly Column[],
  widthOf: (column: Column) => number,
  available: number,
): Column[] {
  let room = available;
  const kept = new Set<Column>();
  for (const rank of [...new Set(columns.map((column) => column.rank))].sort((a, b) => a - b)) {
    const group = columns.filter((column) => column.rank === rank);
    const needed = group.reduce((sum, column) => sum + 2 * widthOf(column), 0);
    // A column of a lower rank must not take the place of one that did not fit.
    if (!group.every(isRequired) && needed > room) break;
    for (const column of group) kept.add(column);
    room -= needed;
  }
  return columns.filter((column) => kept.has(column));
}

/**
 * The columns of the puts, from the strike to the outer edge. They mirror the calls, but a bid stays
 * on the left of its ask, as traders read it.
 */
export function mirrored(columns: readonly Column[]): Column[] {
  const puts = [...columns].reverse();
  const ask = puts.findIndex(({ id }) => id === 'ask');
  if (ask >= 0 && puts[ask + 1]?.id === 'bid') [puts[ask], puts[ask + 1]] = [puts[ask + 1]!, puts[ask]!];
  return puts;
}

const QUOTE = ['last', 'bid', 'ask', 'volume', 'open_interest'] as const;
const GREEKS = ['iv', 'delta', 'gamma', 'theta', 'vega'] as const;

/** The columns of each mode of a view, from the cheapest mode to the dearest. */
export const MODES: readonly (readonly [ViewMode, readonly ViewColumn[]])[] = [
  ['ltp', ['last']],
  ['quote', QUOTE],
  ['greeks', ['last', ...GREEKS]],
  ['full', [...QUOTE, ...GREEKS]],
];

/** The cheapest mode of a view that has all of these columns of the feed. */
export function cheapestMode(needed: Iterable<ViewColumn>): ViewMode {
  const columns = [...needed];
  return MODES.find(([, offered]) => columns.every((column) => offered.includes(column)))?.[0] ?? 'full';
}
