import type { ReplicaStats } from '../../../src/contract/admin-stats.js';
import type { AdminApi } from '../api/admin-api.js';
import type { ConfigAnswer, Setting } from '../api/answers.js';
import { reasonOf } from './action-dialog.js';
import { button, el, setText } from './dom.js';
import { KeyedTable } from './keyed-table.js';

interface SettingRow extends Setting {
  readonly name: string;
}

/** Shows the settings that a replica runs with. Those that differ from the default come first. */
export async function showConfig(
  api: AdminApi,
  replica: string,
  report: ReplicaStats | undefined,
): Promise<void> {
  const state = el('p', { role: 'status' }, 'Reading…');
  const filter = el('input', {
    type: 'search',
    id: 'config-filter',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const table = el('table', { 'aria-labelledby': 'config-title' });
  const close = button('Close', () => dialog.close());
  const dialog = el(
    'dialog',
    { class: 'config', 'aria-labelledby': 'config-title' },
    el('h2', { id: 'config-title' }, `Configuration of ${replica}`),
    el('p', {}, report ? `Version ${report.version} on Node.js ${report.node}` : ''),
    state,
    el('div', { class: 'field' }, el('label', { for: filter.id }, 'Filter'), filter),
    el(
      'div',
      { class: 'scroll tall', tabindex: '0', role: 'region', 'aria-labelledby': 'config-title' },
      table,
    ),
    el('div', { class: 'buttons' }, close),
  );
  const settings = new KeyedTable<SettingRow>(
    table,
    [
      { label: 'Setting', text: ({ name }) => name },
      {
        label: 'Value',
        text: ({ value }) => inWords(value),
        tone: ({ is_default }) => (is_default ? 'quiet' : undefined),
      },
      { label: 'Source', text: ({ is_default }) => (is_default ? 'default' : 'set'), tone: () => 'quiet' },
    ],
    ({ name }) => name,
    'No setting matches.',
  );
  let rows: readonly SettingRow[] = [];
  filter.addEventListener('input', () => {
    const wanted = filter.value.trim().toUpperCase();
    settings.show(rows.filter(({ name }) => name.toUpperCase().includes(wanted)));
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  filter.focus();
  try {
    const answer = await api.config(replica);
    rows = rowsOf(answer, replica);
    settings.show(rows);
    setText(state, rows.length > 0 ? summaryOf(rows) : problemOf(answer, replica));
  } catch (error) {
    setText(state, reasonOf(error));
    state.dataset.tone = 'bad';
  }
}

function rowsOf({ replicas }: ConfigAnswer, replica: string): SettingRow[] {
  const settings = replicas.find((one) => one.replica === replica)?.settings ?? {};
  return Object.entries(settings)
    .map(([name, setting]) => ({ name, ...setting }))
    .sort((a, b) => Number(a.is_default) - Number(b.is_default) || a.name.localeCompare(b.name));
}

function summaryOf(rows: readonly SettingRow[]): string {
  const set = rows.filter(({ is_default }) => !is_default).length;
  return `${set} of ${rows.length} settings differ from their defaults. Secrets are masked.`;
}

function problemOf({ failed }: ConfigAnswer, replica: string): string {
  const problem = failed.find((one) => one.replica === replica)?.problem;
  return problem === undefined ? `No answer from ${replica}.` : `Failed on ${replica}: ${problem}`;
}

function inWords(value: unknown): string {
  if (value === null || value === undefined || value === '') return '(none)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
