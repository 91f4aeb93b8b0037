import type { AdminStats, ProductFreshness, RoomClients } from '../../../src/contract/admin-stats.js';
import { count, milliseconds, plural, timeOfDay } from '../format.js';
import { type Counted, type Group, GROUPS, type Increases } from '../stats/increases.js';
import { button, byId, el, setData, setText } from '../ui/dom.js';
import { KeyedTable } from '../ui/keyed-table.js';

export interface RoomActions {
  showClients(room: string): void;
  notify(room: string): void;
}

const TITLES: Readonly<Record<Group, string>> = {
  handshakes_refused: 'Handshakes refused',
  requests_refused: 'Requests refused',
  closed: 'Clients closed by the gateway',
  slow_closed: 'Clients closed because they did not read',
  disconnections: 'Connections ended',
};

/** Rooms, products, and what was refused or closed and why. */
export class Traffic {
  private readonly rooms: KeyedTable<RoomClients>;
  private readonly products: KeyedTable<ProductFreshness>;
  private readonly groups: readonly { readonly group: Group; readonly table: KeyedTable<Counted> }[];
  private readonly feed = byId('feed-state', HTMLParagraphElement);

  constructor(actions: RoomActions, openedAt: number) {
    this.rooms = roomTable(actions);
    this.products = productTable();
    const section = byId('counts', HTMLElement);
    this.groups = GROUPS.map((group) => ({ group, table: countTable(section, group) }));
    const since = `Increase since this page was opened at ${timeOfDay(openedAt)}, and total since the replicas started.`;
    setText(byId('counts-since', HTMLParagraphElement), since);
  }

  show({ total, replicas, products }: AdminStats, increases: Increases): void {
    this.rooms.show(total.rooms);
    const staleFirst = [...products].sort(
      (a, b) =>
        Number(b.status === 'stale') - Number(a.status === 'stale') ||
        (b.age_ms ?? Infinity) - (a.age_ms ?? Infinity),
    );
    this.products.show(staleFirst);
    for (const { group, table } of this.groups) table.show(increases.table(group, total.counts));
    const down = replicas.filter(({ feed }) => feed === 'down').map(({ replica }) => replica);
    const stale = products.filter(({ status }) => status === 'stale').length;
    const reach = down.length === 0 ? 'It reaches all replicas.' : `It does not reach ${down.join(', ')}.`;
    setText(
      this.feed,
      `${count(total.rates.feed_messages)} messages /s. ${reach} ${plural(stale, 'product')} stale.`,
    );
    setData(this.feed, 'tone', down.length > 0 ? 'bad' : undefined);
  }
}

function roomTable(actions: RoomActions): KeyedTable<RoomClients> {
  return new KeyedTable<RoomClients>(
    byId('room-table', HTMLTableElement),
    [
      { label: 'Room', text: ({ room }) => room },
      { label: 'Clients', isNumber: true, text: ({ clients }) => count(clients) },
      {
        label: 'Actions',
        create(cell, row) {
          const { room } = row();
          cell.className = 'actions';
          cell.append(
            button('Clients', () => actions.showClients(room), { 'aria-label': `Clients of ${room}` }),
            button('Notice…', () => actions.notify(room), { 'aria-label': `Notice to ${room}` }),
          );
          return () => undefined;
        },
      },
    ],
    ({ room }) => room,
    'No room has clients.',
  );
}

function productTable(): KeyedTable<ProductFreshness> {
  return new KeyedTable<ProductFreshness>(
    byId('product-table', HTMLTableElement),
    [
      { label: 'Product', text: ({ product }) => product },
      {
        label: 'Status',
        text: ({ status }) => status,
        tone: ({ status }) => (status === 'stale' ? 'bad' : 'quiet'),
      },
      {
        label: 'Age of the price',
        isNumber: true,
        text: ({ age_ms }) => (age_ms === null ? 'none yet' : milliseconds(age_ms)),
      },
    ],
    ({ product }) => product,
    'No product has a price yet.',
  );
}

function countTable(section: HTMLElement, group: Group): KeyedTable<Counted> {
  const title = el('h4', { id: `${group}-title` }, TITLES[group]);
  const table = el('table', { 'aria-labelledby': title.id });
  section.append(title, table);
  return new KeyedTable<Counted>(
    table,
    [
      { label: 'Reason', text: ({ reason }) => reason },
      {
        label: 'Increase',
        isNumber: true,
        text: ({ since }) => (since > 0 ? `+${count(since)}` : '0'),
        tone: ({ since }) => {
          if (since === 0) return 'quiet';
          return group === 'disconnections' ? undefined : 'warn';
        },
      },
      { label: 'Total', isNumber: true, text: ({ total }) => count(total), tone: () => 'quiet' },
    ],
    ({ reason }) => reason,
    'None.',
  );
}
