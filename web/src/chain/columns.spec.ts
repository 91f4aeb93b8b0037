import { VIEW_COLUMNS } from '../../../src/contract/index.js';
import {
  cheapestMode,
  chosenColumns,
  type Column,
  COLUMNS,
  fittingColumns,
  mirrored,
  MODES,
} from './columns.js';

const ids = (columns: readonly Column[]): string[] => columns.map(({ id }) => id);
const all = chosenColumns({ hidden: new Set(), greeks: true });

describe('modes of a view', () => {
  it('have the columns of the contract', () => {
    expect(Object.fromEntries(MODES)).toEqual(VIEW_COLUMNS);
  });

  it('are asked for by what is needed, and not more', () => {
    expect(cheapestMode([])).toBe('ltp');
    expect(cheapestMode(['last'])).toBe('ltp');
    expect(cheapestMode(['last', 'open_interest'])).toBe('quote');
    expect(cheapestMode(['last', 'iv'])).toBe('greeks');
    expect(cheapestMode(['open_interest', 'iv'])).toBe('full');
  });
});

describe('chosen columns', () => {
  it('have the Greeks only if the reader wants them', () => {
    expect(ids(chosenColumns({ hidden: new Set(), greeks: false }))).toEqual([
      'oi',
      'oi_change',
      'volume',
      'iv',
      'last',
      'change',
      'bid',
      'ask',
    ]);
    expect(ids(all)).toHaveLength(COLUMNS.length);
  });

  it('always have open interest and the last price', () => {
    const hidden = new Set(COLUMNS.map(({ id }) => id));
    expect(ids(chosenColumns({ hidden, greeks: true }))).toEqual(['oi', 'last']);
  });
});

describe('columns that fit', () => {
  const fitting = (available: number) => ids(fittingColumns(all, () => 50, available));

  it('are all of them if there is room', () => {
    expect(fitting(2 * 50 * COLUMNS.length)).toEqual(ids(all));
  });

  it('give up the least important ones first, and keep their order', () => {
    expect(fitting(400)).toEqual(['oi', 'delta', 'iv', 'last']);
    expect(fitting(499)).toEqual(['oi', 'delta', 'iv', 'last']);
    expect(fitting(500)).toEqual(['oi', 'theta', 'delta', 'iv', 'last']);
  });

  it('have a bid and its ask, or neither', () => {
    const quotes = chosenColumns({ hidden: new Set(['oi_change', 'volume', 'iv', 'change']), greeks: false });
    const some = (available: number) => ids(fittingColumns(quotes, () => 50, available));
    expect(some(399)).toEqual(['oi', 'last']);
    expect(some(400)).toEqual(['oi', 'last', 'bid', 'ask']);
  });

  it('keep open interest and the last price if nothing fits', () => {
    expect(fitting(0)).toEqual(['oi', 'last']);
  });

  it('do not replace a column that is too wide by a less important one', () => {
    const widthOf = ({ id }: Column) => (id === 'iv' ? 500 : 10);
    expect(ids(fittingColumns(all, widthOf, 200))).toEqual(['oi', 'last']);
  });
});

it('the puts mirror the calls, with the bid on the left of the ask', () => {
  const calls = chosenColumns({ hidden: new Set(['oi_change', 'volume', 'iv', 'change']), greeks: false });
  expect(ids(calls)).toEqual(['oi', 'last', 'bid', 'ask']);
  expect(ids(mirrored(calls))).toEqual(['bid', 'ask', 'last', 'oi']);
  expect(ids(mirrored(calls.slice(0, 2)))).toEqual(['last', 'oi']);
});
