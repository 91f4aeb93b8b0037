import { el, setData, setText } from './dom.js';

/** How a cell stands out: `bad` needs action, `warn` attention, and `quiet` is not worth reading. */
export type Tone = 'bad' | 'warn' | 'quiet' | undefined;

/** A column of text. */
interface TextColumn<T> {
  readonly label: string;
  readonly isNumber?: boolean;
  text(row: T): string;
  tone?(row: T): Tone;
}

/** A column whose cells have elements, which are created once for each row. */
interface CustomColumn<T> {
  readonly label: string;
  readonly isNumber?: boolean;
  /**
   * Fills the cell.
   * @param row the newest data of the row
   * @returns what to call when the data has changed
   */
  create(cell: HTMLElement, row: () => T): () => void;
}

export type Column<T> = TextColumn<T> | CustomColumn<T>;

interface Row<T> {
  readonly element: HTMLTableRowElement;
  readonly updates: readonly (() => void)[];
  data: T;
}

/**
 * A table whose rows have keys. A row keeps its elements while its data changes, so that the
 * keyboard focus, a selection and an open detail stay where they are. The first column names the
 * row. On narrow screens, the style sheet shows each row as a card with the labels of the columns.
 */
export class KeyedTable<T> {
  private readonly rows = new Map<string, Row<T>>();
  private readonly body = el('tbody', { role: 'rowgroup' });
  private readonly empty: HTMLElement;

  constructor(
    table: HTMLTableElement,
    private readonly columns: readonly Column<T>[],
    private readonly keyOf: (row: T) => string,
    /** What to say instead of rows. */
    emptyText: string,
    private readonly toneOf: (row: T) => Tone = () => undefined,
  ) {
    const heads = columns.map(({ label, isNumber }) =>
      el('th', { scope: 'col', role: 'columnheader', class: isNumber ? 'number' : undefined }, label),
    );
    // Roles, because a browser may forget them when the style sheet makes cards of the rows.
    table.setAttribute('role', 'table');
    this.empty = el('p', { class: 'empty' }, emptyText);
    table.append(el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...heads)), this.body);
    table.after(this.empty);
  }

  /** Shows these rows in this order. */
  show(list: readonly T[]): void {
    const focused = document.activeElement;
    this.place(list);
    this.empty.hidden = list.length > 0;
    // An element that is moved or removed loses the focus.
    if (!(focused instanceof HTMLElement) || document.activeElement === focused) return;
    const next = focused.isConnected ? focused : this.body.closest<HTMLElement>('[tabindex]');
    next?.focus({ preventScroll: true });
  }

  private place(list: readonly T[]): void {
    const keys = new Set<string>();
    let next = this.body.firstElementChild;
    for (const data of list) {
      const key = this.keyOf(data);
      if (keys.has(key)) continue;
      keys.add(key);
      const row = this.rows.get(key) ?? this.add(key, data);
      row.data = data;
      for (const update of row.updates) update();
      setData(row.element, 'tone', this.toneOf(data));
      if (row.element === next) next = next.nextElementSibling;
      else this.body.insertBefore(row.element, next);
    }
    for (const [key, { element }] of this.rows) {
      if (keys.has(key)) continue;
      element.remove();
      this.rows.delete(key);
    }
  }

  set emptyText(text: string) {
    setText(this.empty, text);
  }

  private add(key: string, data: T): Row<T> {
    const element = el('tr', { role: 'row', 'data-key': key });
    const updates: (() => void)[] = [];
    const row: Row<T> = { element, updates, data };
    for (const [index, column] of this.columns.entries()) {
      const attributes = { 'data-label': column.label, class: column.isNumber ? 'number' : undefined };
      const cell =
        index === 0
          ? el('th', { scope: 'row', role: 'rowheader', ...attributes })
          : el('td', { role: 'cell', ...attributes });
      element.append(cell);
      updates.push(
        'create' in column
          ? column.create(cell, () => row.data)
          : () => {
              setText(cell, column.text(row.data));
              setData(cell, 'tone', column.tone?.(row.data));
            },
      );
    }
    this.rows.set(key, row);
    return row;
  }
}
