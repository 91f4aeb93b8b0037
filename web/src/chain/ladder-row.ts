import { create, setAttribute, setText } from '../dom.js';
import { NO_VALUE, strike as writtenStrike } from '../format.js';
import type { Baseline } from './baseline.js';
import type { Column } from './columns.js';
import type { Flasher } from './flash.js';
import { type Ladder, type Side, SIDES, valueOf } from './ladder.js';

/** The columns of each side, in the order in which they stand on the page. */
export type SideColumns = Readonly<Record<Side, readonly Column[]>>;

/** What the rows of a ladder show at one moment. */
export interface LadderState {
  readonly ladder: Ladder;
  readonly baseline: Baseline | undefined;
  readonly selected: number | undefined;
}

interface Cell {
  readonly element: HTMLTableCellElement;
  readonly side: Side;
  readonly column: Column;
  /** `undefined` until it has been drawn. */
  value: number | null | undefined;
}

/** The rows of the heading, which `aria-rowindex` counts too. */
export const HEADING_ROWS = 2;

/** A row of the ladder. It is used for one strike after another as the ladder is scrolled. */
export class LadderRow {
  readonly element = create('tr');
  readonly button = create('button', 'chain-strike');
  /** The strike that it shows; NaN before the first. */
  strike = NaN;
  private readonly cells: readonly Cell[];
  private readonly name = document.createTextNode('');
  private readonly atm = badge('ATM', 'at the money');
  private readonly maxPain = badge('MP', 'max pain');
  private expiry = '';

  constructor(
    columns: SideColumns,
    private readonly flasher: Flasher,
  ) {
    this.cells = SIDES.flatMap((side) =>
      columns[side].map((column) => {
        const element = create('td', column.isChange ? `${column.id} change` : column.id);
        element.dataset.side = side;
        element.dataset.column = column.id;
        return { element, side, column, value: undefined };
      }),
    );
    this.button.type = 'button';
    this.button.tabIndex = -1;
    this.button.append(this.atm, create('span', 'chain-strike-name', this.name), this.maxPain);
    const head = create('th', 'chain-strike-cell', this.button);
    head.scope = 'row';
    const elements = (of: Side) => this.cells.filter(({ side }) => side === of).map(({ element }) => element);
    this.element.append(...elements('calls'), head, ...elements('puts'));
  }

  draw({ ladder, baseline, selected }: LadderState, index: number): void {
    const { chain } = ladder;
    const strike = chain.strikes[index]!;
    const isOther = strike !== this.strike || chain.expiry !== this.expiry;
    if (isOther) this.becomes(strike, chain.expiry);
    setAttribute(this.element, 'aria-rowindex', String(index + 1 + HEADING_ROWS));
    this.mark(ladder, index, selected === strike);
    for (const cell of this.cells) {
      const value = valueOf(ladder, cell.side, index, cell.column, baseline);
      if (value !== cell.value) this.write(cell, value, isOther);
    }
    this.drawBars(ladder);
  }

  private becomes(strike: number, expiry: string): void {
    this.strike = strike;
    this.expiry = expiry;
    this.element.dataset.strike = String(strike);
    this.name.data = writtenStrike(strike);
    for (const cell of this.cells) {
      this.flasher.forget(cell.element);
      cell.value = undefined;
    }
  }

  private write(cell: Cell, value: number | null, isOther: boolean): void {
    const { element, column, value: before } = cell;
    cell.value = value;
    setText(element, value === null ? NO_VALUE : column.format(value));
    if (column.isChange) {
      element.classList.toggle('up', value !== null && value > 0);
      element.classList.toggle('down', value !== null && value < 0);
    }
    if (!isOther && typeof before === 'number' && value !== null)
      this.flasher.flash(element, value > before ? 'up' : 'down');
  }

  private mark(ladder: Ladder, index: number, isSelected: boolean): void {
    const isAtm = index === ladder.atm;
    const isMaxPain = index === ladder.maxPain;
    const names = [
      index < ladder.firstAbove ? 'below' : 'above',
      index === ladder.firstAbove && index > 0 ? 'after-spot' : '',
      isAtm ? 'atm' : '',
      isMaxPain ? 'max-pain' : '',
      isSelected ? 'selected' : '',
      index === ladder.walls.calls ? 'calls-wall' : '',
      index === ladder.walls.puts ? 'puts-wall' : '',
    ];
    const className = names.filter(Boolean).join(' ');
    if (this.element.className === className) return;
    this.element.className = className;
    setAttribute(this.button, 'aria-pressed', String(isSelected));
    this.atm.hidden = !isAtm;
    this.maxPain.hidden = !isMaxPain;
  }

  /** The bars of open interest, as long as their share of the largest one. */
  private drawBars({ largestOi }: Ladder): void {
    for (const { element, column, value } of this.cells) {
      if (column.id !== 'oi') continue;
      const share = largestOi > 0 ? Math.max(0, value ?? 0) / largestOi : 0;
      const width = `${Math.round(share * 100)}%`;
      if (element.style.getPropertyValue('--bar') !== width) element.style.setProperty('--bar', width);
    }
  }
}

function badge(text: string, meaning: string): HTMLElement {
  const node = create('abbr', `chain-badge ${text.toLowerCase()}`, text);
  node.title = meaning;
  node.hidden = true;
  return node;
}
