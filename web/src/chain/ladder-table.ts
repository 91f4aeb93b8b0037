import { Cleanup, type Component } from '../component.js';
import { create, setAttribute } from '../dom.js';
import { clockTime, timeOf } from '../format.js';
import type { Frames } from '../frame.js';
import { type Column, mirrored } from './columns.js';
import { Flasher } from './flash.js';
import { HEADING_ROWS, LadderRow, type LadderState, type SideColumns } from './ladder-row.js';
import { SIDES } from './ladder.js';
import { centred, revealing, rowsIn, type Viewport } from './row-window.js';

/** The height of a row if the page has no style sheet, as in unit tests. px */
const DEFAULT_ROW_HEIGHT = 26;
const PAGE_ROWS = 10;

export interface LadderEvents {
  /** The reader chose a strike. */
  readonly chosen: (strike: number) => void;
  /** Whether the strike at the money is kept in the middle. The reader ends it by scrolling. */
  readonly following: (follows: boolean) => void;
}

/**
 * The table of a ladder. Only the rows in view exist, and they are used again for other strikes, so
 * a chain of 500 strikes costs no more than its visible part. The row at the money always exists,
 * and sticks to the edge of the table when it would scroll out of it.
 */
export class LadderTable implements Component {
  readonly element = create('div', 'chain-scroll');
  private readonly table = create('table', 'chain-table');
  private readonly widths = create('colgroup');
  private readonly head = create('thead');
  private readonly body = create('tbody');
  private readonly cleanup = new Cleanup();
  private readonly flasher: Flasher;
  private rows: LadderRow[] = [];
  private spacers: HTMLTableRowElement[] = [];
  private columns: SideColumns = { calls: [], puts: [] };
  private state: LadderState | undefined;
  private follows = true;
  /** What was measured last, and where the table is scrolled to. */
  private viewport: Viewport = { scrollTop: 0, height: 0, rowHeight: DEFAULT_ROW_HEIGHT };
  /** Where this class has scrolled to. Any other position is the reader's doing. */
  private scrolledTo = 0;
  /** The index of the strike that the Tab key reaches. */
  private current = -1;
  private readonly draw = (): void => this.drawRows();

  constructor(
    private readonly frames: Frames,
    caption: string,
    private readonly events: LadderEvents,
  ) {
    this.flasher = new Flasher(frames);
    const title = create('caption', 'hidden', caption);
    this.table.append(title, this.widths, this.head, this.body);
    this.element.append(this.table);
    this.cleanup.listen(this.element, 'scroll', () => this.scrolled());
    this.cleanup.listen(this.body, 'click', (event) => this.clicked(event));
    this.cleanup.listen(this.body, 'keydown', (event) => this.pressed(event as KeyboardEvent));
    this.cleanup.listen(this.body, 'focusin', (event) => this.focused(event));
    const resized = new ResizeObserver(() => this.measure());
    resized.observe(this.element);
    resized.observe(this.head);
    this.cleanup.add(() => resized.disconnect());
  }

  destroy(): void {
    this.frames.cancel(this.draw);
    this.flasher.stop();
    this.cleanup.run();
  }

  /**
   * @param columns those of the calls, from the outer edge to the strike
   * @param widthOf the width that a column needs, px
   */
  setColumns(columns: readonly Column[], widthOf: (column: Column) => number, strikeWidth: number): void {
    this.columns = { calls: columns, puts: mirrored(columns) };
    const { calls, puts } = this.columns;
    this.widths.replaceChildren(
      ...[...calls.map(widthOf), strikeWidth, ...puts.map(widthOf)].map((width) => {
        const column = create('col');
        column.style.width = `${width}px`;
        return column;
      }),
    );
    this.drawHead();
    this.rows = [];
    this.spacers = [];
    this.body.replaceChildren();
    if (this.state) this.drawRows();
  }

  /** Draws a chain. Call it in a frame. @param state `undefined` if there is none yet */
  show(state: LadderState | undefined): void {
    const before = this.state;
    this.state = state;
    if (!state) {
      this.body.replaceChildren();
      this.rows = [];
      return;
    }
    const { chain, atm } = state.ladder;
    if (before?.baseline?.timestamp !== state.baseline?.timestamp) this.nameChanges();
    const isOther = before?.ladder.chain.expiry !== chain.expiry;
    if (isOther) this.setFollows(true);
    const hasMoved =
      before?.ladder.atm !== atm || before.ladder.chain.strikes.length !== chain.strikes.length;
    setAttribute(this.table, 'aria-rowcount', String(chain.strikes.length + HEADING_ROWS));
    if (this.current < 0 || this.current >= chain.strikes.length || isOther) this.current = atm;
    if (state.selected !== undefined && state.selected !== before?.selected) this.reveal(state.selected);
    // The rows have to exist before the table can be scrolled so far.
    this.drawRows();
    if (this.follows && hasMoved) this.centre();
  }

  /** Keeps the strike at the money in the middle, until the reader scrolls. */
  follow(): void {
    this.setFollows(true);
    this.centre();
    this.frames.request(this.draw);
  }

  /** Reads the sizes. Reading them while drawing would make the browser lay out the page in between. */
  private measure(): void {
    this.viewport = {
      scrollTop: this.element.scrollTop,
      height: Math.max(0, this.element.clientHeight - this.head.offsetHeight),
      rowHeight: this.rows[0]?.element.offsetHeight || DEFAULT_ROW_HEIGHT,
    };
    if (this.follows) this.centre();
    this.frames.request(this.draw);
  }

  private get count(): number {
    return this.state?.ladder.chain.strikes.length ?? 0;
  }

  private setFollows(follows: boolean): void {
    if (follows === this.follows) return;
    this.follows = follows;
    this.events.following(follows);
  }

  private centre(): void {
    const { state } = this;
    if (!state || state.ladder.atm < 0) return;
    this.scrollTo(centred(state.ladder.atm, this.viewport, this.count));
  }

  private reveal(strike: number): void {
    const index = this.state!.ladder.chain.strikes.indexOf(strike);
    if (index < 0) return;
    this.current = index;
    const { viewport } = this;
    const target = revealing(index, viewport);
    if (target === viewport.scrollTop) return;
    this.setFollows(false);
    this.scrollTo(target);
  }

  private scrollTo(target: number): void {
    if (target === this.viewport.scrollTop) return;
    this.element.scrollTop = target;
    this.scrolledTo = this.element.scrollTop;
    this.viewport = { ...this.viewport, scrollTop: this.scrolledTo };
  }

  private scrolled(): void {
    const { scrollTop } = this.element;
    if (Math.abs(scrollTop - this.scrolledTo) > 1) this.setFollows(false);
    this.scrolledTo = scrollTop;
    this.viewport = { ...this.viewport, scrollTop };
    this.frames.request(this.draw);
  }

  private drawHead(): void {
    const { calls, puts } = this.columns;
    const group = (text: string, className: string, span: number) => {
      const cell = create('th', className, text);
      cell.scope = 'colgroup';
      cell.colSpan = span;
      return cell;
    };
    const strike = create('th', 'chain-strike-cell', 'Strike');
    strike.scope = 'col';
    strike.rowSpan = 2;
    const top = create(
      'tr',
      '',
      group('Calls', 'calls', calls.length),
      strike,
      group('Puts', 'puts', puts.length),
    );
    const names = create('tr');
    for (const side of SIDES) {
      for (const column of this.columns[side]) {
        const cell = create('th', column.id, column.label);
        cell.scope = 'col';
        cell.title = column.title;
        cell.dataset.side = side;
        cell.dataset.column = column.id;
        names.append(cell);
      }
    }
    top.setAttribute('aria-rowindex', '1');
    names.setAttribute('aria-rowindex', '2');
    this.head.replaceChildren(top, names);
    this.nameChanges();
  }

  /** Says in the headings of changes since when they are. */
  private nameChanges(): void {
    const since = this.state?.baseline && clockTime(timeOf(this.state.baseline.timestamp));
    for (const { id, title, isChange } of this.columns.calls) {
      if (!isChange) continue;
      for (const cell of this.head.querySelectorAll<HTMLElement>(`th[data-column="${id}"]`))
        cell.title = since === undefined ? title : `${title} since ${since}`;
    }
  }

  private drawRows(): void {
    const { state } = this;
    if (!state) return;
    const wanted = rowsIn(this.viewport, this.count, [state.ladder.atm, this.current]);
    const rows = this.assign(wanted, state.ladder.chain.strikes);
    const { rowHeight } = this.viewport;
    let place = this.body.firstElementChild;
    let spacers = 0;
    let next = 0;
    const put = (element: Element): void => {
      // Rows that stay are never moved, because that would take the focus from them. They are in the
      // right order, so only spacers can stand between them.
      if (element.parentNode === this.body && !this.spacers.includes(element as HTMLTableRowElement))
        place = this.removeUntil(element, place);
      if (place === element) place = place.nextElementSibling;
      else this.body.insertBefore(element, place);
    };
    const gap = (rowsMissing: number): void => {
      if (rowsMissing > 0) put(this.spacer(spacers++, rowsMissing * rowHeight));
    };
    wanted.forEach((index, at) => {
      const row = rows[at]!;
      gap(index - next);
      next = index + 1;
      row.draw(state, index);
      row.button.tabIndex = index === this.current ? 0 : -1;
      put(row.element);
    });
    gap(this.count - next);
    this.removeUntil(null, place);
    this.rows = rows;
  }

  /** Removes the rows from `place` up to `element`, which it returns. */
  private removeUntil(element: Element | null, place: Element | null): Element | null {
    let at = place;
    while (at && at !== element) {
      const after: Element | null = at.nextElementSibling;
      at.remove();
      at = after;
    }
    return at;
  }

  /** The rows for these strikes: the rows that show them already, and others that are free. */
  private assign(wanted: readonly number[], strikes: readonly number[]): LadderRow[] {
    const byStrike = new Map(this.rows.map((row) => [row.strike, row]));
    const found = wanted.map((index) => {
      const row = byStrike.get(strikes[index]!);
      byStrike.delete(strikes[index]!);
      return row;
    });
    const free = [...byStrike.values()];
    for (const row of free) row.element.remove();
    return found.map((row) => row ?? free.pop() ?? new LadderRow(this.columns, this.flasher));
  }

  /** A row that takes the place of rows that do not exist. */
  private spacer(at: number, height: number): HTMLTableRowElement {
    let row = this.spacers[at];
    if (!row) {
      row = create('tr', 'chain-spacer', create('td'));
      row.setAttribute('aria-hidden', 'true');
      this.spacers[at] = row;
    }
    const cell = row.firstElementChild as HTMLTableCellElement;
    cell.colSpan = this.columns.calls.length + this.columns.puts.length + 1;
    cell.style.height = `${height}px`;
    return row;
  }

  private clicked(event: Event): void {
    const strike = strikeOf(event);
    if (strike !== undefined) this.events.chosen(strike);
  }

  private focused(event: Event): void {
    const strike = strikeOf(event);
    const index = strike === undefined ? -1 : (this.state?.ladder.chain.strikes.indexOf(strike) ?? -1);
    if (index < 0 || index === this.current) return;
    this.current = index;
    this.frames.request(this.draw);
  }

  /** The arrow keys move between the strikes, so the whole ladder is one stop of the Tab key. */
  private pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || this.count === 0) return;
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: -1,
      ArrowDown: 1,
      PageUp: -PAGE_ROWS,
      PageDown: PAGE_ROWS,
      Home: -this.count,
      End: this.count,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.current = Math.max(0, Math.min(this.count - 1, this.current + step));
    const { viewport } = this;
    const target = revealing(this.current, viewport);
    if (target !== viewport.scrollTop) {
      this.setFollows(false);
      this.scrollTo(target);
    }
    this.drawRows();
    const strike = this.state!.ladder.chain.strikes[this.current]!;
    this.rows.find((row) => row.strike === strike)?.button.focus({ preventScroll: true });
  }
}

function strikeOf({ target }: Event): number | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('tr[data-strike]') : null;
  return row ? Number(row.dataset.strike) : undefined;
}
