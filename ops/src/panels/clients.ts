import type { AdminStats } from '../../../src/contract/admin-stats.js';
import { type Action, shortfallOf } from '../actions/action.js';
import type { AdminApi } from '../api/admin-api.js';
import type { ClientInfo, ClientQuery, FoundClients } from '../api/answers.js';
import { count, plural, timeOfDay } from '../format.js';
import { reasonOf } from '../ui/action-dialog.js';
import { byId, el, setText } from '../ui/dom.js';
import type { KeyedTable } from '../ui/keyed-table.js';
import { clientTable } from './client-table.js';

const REFRESH_MS = 5_000;
/** No row moves for so long after the pointer has moved over the table, ms. */
const POINTING_MS = 3_000;
const LIMIT = 50;
const FILTERS = ['client_id', 'user', 'address', 'room', 'transport', 'replica'] as const;

/**
 * The slowest clients, or those that a search finds. While the section can be seen, it is refreshed
 * every five seconds, but not while the pointer moves over the table: no row may move away under it.
 */
export class Clients {
  private readonly form = byId('client-search', HTMLFormElement);
  private readonly state = byId('client-state', HTMLParagraphElement);
  private readonly coverage = byId('client-coverage', HTMLDivElement);
  private readonly element = byId('client-table', HTMLTableElement);
  private readonly refreshes = byId('client-refresh', HTMLInputElement);
  private readonly replicas = byId('search-replica', HTMLSelectElement);
  private readonly table: KeyedTable<ClientInfo>;
  private query: ClientQuery = { sort: 'lag_ms' };
  private asked = 0;
  private isVisible = false;
  private pointedAt = -Infinity;

  constructor(
    private readonly api: AdminApi,
    act: (action: Action) => void,
  ) {
    this.table = clientTable(api, act);
    this.form.addEventListener('submit', (event) => this.search(event));
    // The fields are empty only after this event.
    this.form.addEventListener('reset', () => setTimeout(() => this.search()));
    byId('search-sort', HTMLSelectElement).addEventListener('change', () => this.search());
    setInterval(() => this.refresh(), REFRESH_MS);
    this.element.addEventListener('pointermove', () => (this.pointedAt = performance.now()));
  }

  set visible(isVisible: boolean) {
    const isShown = isVisible && !this.isVisible;
    this.isVisible = isVisible;
    if (isShown) void this.ask();
  }

  /** Searches for the clients in a room. */
  findInRoom(room: string): void {
    this.form.reset();
    byId('search-room', HTMLInputElement).value = room;
    this.search();
  }

  /** Asks again, for example after an action. */
  update(): void {
    if (this.isVisible) void this.ask();
  }

  /** Offers the replicas that exist. */
  show({ replicas, missing }: AdminStats): void {
    const names = [...replicas, ...missing].map(({ replica }) => replica).sort();
    const offered = [...this.replicas.options].slice(1).map(({ value }) => value);
    if (names.join() === offered.join()) return;
    const { value } = this.replicas;
    this.replicas.replaceChildren(
      el('option', { value: '' }, 'all'),
      ...names.map((name) => el('option', { value: name }, name)),
    );
    this.replicas.value = names.includes(value) ? value : '';
  }

  /** Whether the operator is about to click, or looks at a dialog. */
  private get isInUse(): boolean {
    const isPointing = performance.now() - this.pointedAt < POINTING_MS;
    return isPointing || document.querySelector('dialog[open]') !== null;
  }

  private search(event?: Event): void {
    event?.preventDefault();
    const data = new FormData(this.form);
    this.query = Object.fromEntries(
      [...data].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value.trim()]] : [])),
    );
    void this.ask();
  }

  private refresh(): void {
    if (this.isVisible && !document.hidden && this.refreshes.checked && !this.isInUse) void this.ask();
  }

  private async ask(): Promise<void> {
    const own = ++this.asked;
    try {
      const found = await this.api.clients({ ...this.query, limit: LIMIT });
      // An answer to an older question must not replace that of a newer one.
      if (own === this.asked) this.take(found);
    } catch (error) {
      if (own !== this.asked) return;
      this.showProblems([`The clients could not be read: ${reasonOf(error)}`]);
    }
  }

  private take(found: FoundClients): void {
    this.table.show(found.clients);
    this.showProblems(
      shortfallOf({ done: '', ...found }).map((text) =>
        text.replace(/: it may .*$/, ': its clients are not listed.'),
      ),
    );
    const isSearch = FILTERS.some((filter) => this.query[filter]);
    const what = isSearch ? `${plural(found.matched, 'client')} found` : plural(found.matched, 'client');
    const shown =
      found.clients.length < found.matched ? `, the first ${count(found.clients.length)} listed` : '';
    setText(this.state, `${what}${shown}. Read at ${timeOfDay(Date.now() / 1_000)}.`);
  }

  private showProblems(problems: readonly string[]): void {
    this.coverage.replaceChildren(
      ...problems.map((text) => el('p', { 'data-tone': 'bad', role: 'alert' }, text)),
    );
  }
}
