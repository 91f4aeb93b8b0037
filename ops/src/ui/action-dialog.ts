import { type Action, type Field, shortfallOf, type Values } from '../actions/action.js';
import { ApiError } from '../api/admin-api.js';
import { button, el, setText } from './dom.js';

/** How long the page waits for more typing before it asks how many clients an action concerns, ms. */
const TYPING_MS = 300;

/** What was done, or not, from this tab. */
export interface DoneAction {
  readonly at: Date;
  readonly what: string;
  readonly result: string;
  readonly isComplete: boolean;
}

type Input = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/**
 * Asks for confirmation of an action, runs it and shows its outcome. The dialog stays open until the
 * operator closes it, so that no outcome is missed.
 */
export class ActionDialog {
  constructor(private readonly onDone: (done: DoneAction) => void) {}

  open(action: Action): void {
    new OpenAction(action, this.onDone).show();
  }
}

class OpenAction {
  private readonly dialog = el('dialog', { class: 'action', 'aria-labelledby': 'action-title' });
  private readonly description = el('p', { id: 'action-description' });
  private readonly reach = el('p', { class: 'reach' });
  private readonly result = el('div', { class: 'result', role: 'status' });
  private readonly confirm = el('button', { type: 'submit' });
  private readonly cancel = button('Cancel', () => this.dialog.close());
  private readonly inputs = new Map<Field, { readonly input: Input; readonly row: HTMLElement }>();
  private previewTimer: number | undefined;
  private previewed = '';

  constructor(
    private readonly action: Action,
    private readonly onDone: (done: DoneAction) => void,
  ) {
    const form = el('form', { method: 'dialog' });
    form.append(
      el('h2', { id: 'action-title' }, action.title),
      this.description,
      this.reach,
      ...(action.fields ?? []).map((field) => this.row(field)),
      this.result,
      el('div', { class: 'buttons' }, this.cancel, this.confirm),
    );
    if (action.isDangerous) this.confirm.className = 'dangerous';
    this.dialog.setAttribute('aria-describedby', 'action-description');
    this.dialog.append(form);
    form.addEventListener('input', () => this.update());
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.run();
    });
    this.dialog.addEventListener('close', () => {
      clearTimeout(this.previewTimer);
      this.dialog.remove();
    });
  }

  show(): void {
    this.update();
    document.body.append(this.dialog);
    this.dialog.showModal();
    // Enter must not do harm at once: the first field or Cancel has the focus.
    const [first] = this.inputs.values();
    (first?.input ?? this.cancel).focus();
  }

  private get values(): Values {
    return Object.fromEntries(
      [...this.inputs].map(([{ name, kind }, { input }]) => [
        name,
        kind === 'checkbox' ? ((input as HTMLInputElement).checked ? 'yes' : '') : input.value,
      ]),
    );
  }

  private update(): void {
    const { values } = this;
    for (const [field, { input, row }] of this.inputs) {
      const isShown = field.isShown?.(values) ?? true;
      row.hidden = !isShown;
      input.disabled = !isShown;
    }
    setText(this.description, this.action.describe(values));
    setText(this.confirm, this.action.confirm(values));
    // A change of the message does not change whom it reaches.
    if (this.action.describe(values) === this.previewed) return;
    this.previewed = this.action.describe(values);
    setText(this.reach, '');
    clearTimeout(this.previewTimer);
    this.previewTimer = window.setTimeout(() => void this.preview(this.previewed), TYPING_MS);
  }

  private async preview(of: string): Promise<void> {
    let text: string;
    try {
      text = (await this.action.preview?.(this.values)) ?? '';
    } catch (error) {
      text = `How many clients this concerns is not known: ${reasonOf(error)}`;
    }
    if (of === this.previewed) setText(this.reach, text);
  }

  private async run(): Promise<void> {
    const { values } = this;
    const what = this.action.describe(values);
    this.confirm.disabled = true;
    this.result.replaceChildren(el('p', {}, 'Working…'));
    try {
      const outcome = await this.action.run(values);
      const shortfall = shortfallOf(outcome);
      this.finish(outcome.done, shortfall);
      this.onDone({
        at: new Date(),
        what,
        result: [outcome.done, ...shortfall].join(' '),
        isComplete: shortfall.length === 0,
      });
    } catch (error) {
      const reason = reasonOf(error);
      this.result.replaceChildren(el('p', { 'data-tone': 'bad' }, reason));
      this.confirm.disabled = false;
      this.onDone({ at: new Date(), what, result: reason, isComplete: false });
    }
  }

  private finish(done: string, shortfall: readonly string[]): void {
    for (const { row } of this.inputs.values()) row.hidden = true;
    setText(this.reach, '');
    this.result.replaceChildren(
      el('p', { 'data-tone': shortfall.length > 0 ? 'warn' : 'good' }, done),
      ...shortfall.map((text) => el('p', { 'data-tone': 'bad' }, text)),
    );
    this.confirm.hidden = true;
    setText(this.cancel, 'Close');
    this.cancel.focus();
  }

  private row(field: Field): HTMLElement {
    const input = inputOf(field);
    const hint = field.hint === undefined ? undefined : el('small', { id: `${input.id}-hint` }, field.hint);
    if (hint) input.setAttribute('aria-describedby', hint.id);
    const label = el('label', { for: input.id }, field.label);
    const isBox = field.kind === 'checkbox';
    const row = el(
      'div',
      { class: isBox ? 'field box' : 'field' },
      ...(isBox ? [input, label] : [label, input]),
      hint,
    );
    this.inputs.set(field, { input, row });
    return row;
  }
}

function inputOf({ name, kind, value, isRequired, min, max, longest, choices = [] }: Field): Input {
  const common = { id: `action-${name}`, name, ...(isRequired && { required: '' }) };
  switch (kind) {
    case 'choice': {
      const options = choices.map(([id, label]) => el('option', { value: id }, label));
      const select = el('select', common, ...options);
      if (value !== undefined) select.value = value;
      return select;
    }
    case 'long text':
      return el('textarea', { ...common, rows: '3', maxlength: longest?.toString() });
    case 'checkbox':
      return el('input', { ...common, type: 'checkbox' });
    case 'number':
      return el('input', {
        ...common,
        type: 'number',
        inputmode: 'numeric',
        value,
        min: min?.toString(),
        max: max?.toString(),
      });
    case 'text':
      return el('input', { ...common, type: 'text', value, autocomplete: 'off', spellcheck: 'false' });
    case 'url':
      return el('input', { ...common, type: 'url', value, pattern: 'https://.*', autocomplete: 'off' });
  }
}

export function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return `This page has a bug: ${error instanceof Error ? error.message : String(error)}`;
}
