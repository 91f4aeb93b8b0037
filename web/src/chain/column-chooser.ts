import { create, setText } from '../dom.js';
import type { Column, ColumnId } from './columns.js';
import { COLUMNS } from './columns.js';

/** A list of the columns to show, behind a button. It closes with Escape, or by a click elsewhere. */
export class ColumnChooser {
  readonly element = create('details', 'chain-columns');
  private readonly boxes = new Map<ColumnId, HTMLInputElement>();
  private readonly note = create('p', 'muted');
  private readonly outside = (event: Event): void => {
    if (!event.composedPath().includes(this.element)) this.element.open = false;
  };

  constructor(private readonly choose: (hidden: ReadonlySet<ColumnId>) => void) {
    const list = create('fieldset', 'chain-columns-list', create('legend', '', 'Columns'));
    for (const column of COLUMNS) if (!column.isGreek && column.rank > 0) list.append(this.option(column));
    list.append(this.note);
    this.element.append(create('summary', 'button', 'Columns'), list);
    document.addEventListener('pointerdown', this.outside);
    this.element.addEventListener('keydown', ({ key }) => {
      if (key !== 'Escape' || !this.element.open) return;
      this.element.open = false;
      this.element.querySelector('summary')!.focus();
    });
  }

  /** @param unfitting the chosen columns for which there is no room */
  draw(hidden: ReadonlySet<ColumnId>, unfitting: readonly Column[]): void {
    for (const [id, box] of this.boxes) box.checked = !hidden.has(id);
    const names = unfitting.map(({ label }) => label).join(', ');
    setText(this.note, names ? `No room at this width for: ${names}.` : '');
    this.note.hidden = !names;
  }

  destroy(): void {
    document.removeEventListener('pointerdown', this.outside);
  }

  private option({ id, label, title }: Column): HTMLElement {
    const box = create('input');
    box.type = 'checkbox';
    box.name = id;
    box.addEventListener('change', () => {
      const all = [...this.boxes];
      this.choose(new Set(all.filter(([, { checked }]) => !checked).map(([hidden]) => hidden)));
    });
    this.boxes.set(id, box);
    return create('label', '', box, label === title ? label : `${label}: ${title.toLowerCase()}`);
  }
}
