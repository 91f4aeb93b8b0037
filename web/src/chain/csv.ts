import { type Column, COLUMNS } from './columns.js';
import type { Baseline } from './baseline.js';
import { type Ladder, type Side, SIDES, valueOf } from './ladder.js';

/**
 * All strikes of a chain as CSV (RFC 4180), with the columns that the view has. Numbers are written
 * with a point and without separators, whatever the locale. A missing value is empty.
 */
export function csvOf(ladder: Ladder, baseline: Baseline | undefined): string {
  const columns = COLUMNS.filter(({ source }) => ladder.chain.calls[source] ?? ladder.chain.puts[source]);
  const cells = SIDES.flatMap((side) => columns.map((column) => ({ side, column })));
  const head = ['strike', ...cells.map(({ side, column }) => `${side.slice(0, -1)}_${nameOf(column)}`)];
  const rows = ladder.chain.strikes.map((strike, index) => [
    strike,
    ...cells.map(({ side, column }) => written(ladder, side, index, column, baseline)),
  ]);
  return [head, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

/** The name of a column in the contract. A change says what it is relative to. */
function nameOf({ source, isChange }: Column): string {
  return isChange ? `${source}_change` : source;
}

function written(
  ladder: Ladder,
  side: Side,
  index: number,
  column: Column,
  baseline: Baseline | undefined,
): string {
  const value = valueOf(ladder, side, index, column, baseline);
  if (value === null) return '';
  // The difference of two decimal fractions, such as 0.3 - 0.1, has digits that no price has.
  return String(column.isChange ? Number(value.toFixed(6)) : value);
}

/** Such as `NIFTY-2026-11-26-20261125T061502Z.csv`. */
export function csvName({ chain }: Ladder): string {
  const time = chain.timestamp.slice(0, 19).replace(/[-:]/g, '').replace(' ', 'T');
  return `${chain.product}-${chain.expiry}-${time}Z.csv`.replace(/[^\w.&-]/g, '_');
}

/** Lets the browser save a text as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
