import type { HistoryRow, MarketHistory } from '../contract/index.js';
import { csvTable, csvText } from './csv.js';
import type { Representation } from './representation.js';

/** Which page of history this is, in the name of its file. */
const NAMES = { product: 'prices', summary: 'summaries', opening: 'opening' } as const;

/**
 * A page of history. Its CSV has one row for each update or bar; the one of updates says in `gap`
 * whether updates may be missing before the row.
 */
export function historyRepresentation(page: MarketHistory): Representation {
  const { type, symbol, expiry, resolution } = page;
  const json = JSON.stringify(page);
  const name = resolution === 'raw' ? NAMES[type] : `bars-${resolution}`;
  return {
    fileName: [symbol, ...(expiry === null ? [] : [expiry]), name].join('-'),
    isShared: false,
    content: [json],
    json: () => json,
    csv: () => csvOf(page),
  };
}

function csvOf({ symbol, expiry, columns, updates, bars, gaps = [] }: MarketHistory): string {
  const ofPage = [csvText(symbol), ...(expiry === null ? [] : [expiry])];
  const header = ['product', ...(expiry === null ? [] : ['expiry']), ...columns];
  if (bars)
    return csvTable(
      header,
      bars.map((row) => [...ofPage, ...fieldsOf(row)]),
    );
  const follows = new Set(gaps);
  const rows = (updates ?? []).map((row, index) => [...ofPage, ...fieldsOf(row), String(follows.has(index))]);
  return csvTable([...header, 'gap'], rows);
}

/** Only its time is a text, which the feed has checked. */
function fieldsOf(row: HistoryRow): string[] {
  return row.map((value) => (value === null ? '' : String(value)));
}
