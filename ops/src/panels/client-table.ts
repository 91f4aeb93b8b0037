import type { Action } from '../actions/action.js';
import { disconnect, trace } from '../actions/client-actions.js';
import { clientOrItsUser, sendNotice } from '../actions/notice.js';
import type { AdminApi } from '../api/admin-api.js';
import type { ClientInfo } from '../api/answers.js';
import { bytes, count, duration, milliseconds } from '../format.js';
import { button, byId, el, setText } from '../ui/dom.js';
import { KeyedTable } from '../ui/keyed-table.js';

/** Rooms that are named without opening the details of a cell. */
const NAMED_ROOMS = 2;

/** Creates the table of the clients that a search has found, with what can be done to each. */
export function clientTable(api: AdminApi, act: (action: Action) => void): KeyedTable<ClientInfo> {
  return new KeyedTable<ClientInfo>(
    byId('client-table', HTMLTableElement),
    [
      { label: 'Client', text: ({ client_id }) => client_id },
      { label: 'User', text: userOf, tone: ({ user }) => (user === null ? 'quiet' : undefined) },
      { label: 'Replica', text: ({ replica }) => replica },
      {
        label: 'Lag',
        isNumber: true,
        text: ({ lagging, lag_ms }) => (lagging || lag_ms > 0 ? milliseconds(lag_ms) : '0 ms'),
        tone: ({ lagging }) => (lagging ? 'bad' : 'quiet'),
      },
      {
        label: 'Buffered',
        isNumber: true,
        text: ({ buffered_bytes }) => bytes(buffered_bytes),
        tone: ({ buffered_bytes }) => (buffered_bytes === 0 ? 'quiet' : undefined),
      },
      { label: 'Age', isNumber: true, text: ({ age_seconds }) => duration(age_seconds) },
      { label: 'Rooms', create: fillRooms },
      {
        label: 'Transport',
        text: ({ transport, encoding }) => (encoding === 'json' ? transport : `${transport}, ${encoding}`),
      },
      { label: 'Address (hash)', text: ({ address }) => address, tone: () => 'quiet' },
      { label: 'Actions', create: (cell, row) => fillActions(cell, row, api, act) },
    ],
    ({ replica, client_id }) => `${replica} ${client_id}`,
    'No client matches.',
    ({ lagging }) => (lagging ? 'warn' : undefined),
  );
}

function userOf({ user, role }: ClientInfo): string {
  if (user === null) return role === null ? 'none' : `none (${role})`;
  return role === null ? user : `${user} (${role})`;
}

function fillRooms(cell: HTMLElement, row: () => ClientInfo): () => void {
  const summary = el('summary');
  const list = el('p');
  const few = el('span');
  const details = el('details', {}, summary, list);
  cell.append(few, details);
  return () => {
    const { rooms, room_count } = row();
    details.hidden = room_count <= NAMED_ROOMS;
    few.hidden = !details.hidden;
    setText(few, rooms.join(', ') || 'none');
    setText(summary, `${count(room_count)}: ${rooms.slice(0, NAMED_ROOMS).join(', ')}, …`);
    const more = room_count > rooms.length ? ` and ${count(room_count - rooms.length)} more` : '';
    setText(list, rooms.slice(NAMED_ROOMS).join(', ') + more);
  };
}

function fillActions(
  cell: HTMLElement,
  row: () => ClientInfo,
  api: AdminApi,
  act: (action: Action) => void,
): () => void {
  const named = (label: string, actionFor: (client: ClientInfo) => Action) =>
    button(label, () => act(actionFor(row())), {
      'aria-label': `${label.replace('…', '')} client ${row().client_id}`,
    });
  cell.className = 'actions';
  cell.append(
    named('Disconnect…', (client) => disconnect(api, client)),
    named('Notice…', (client) => sendNotice(api, clientOrItsUser(client), () => undefined)),
    named('Trace…', (client) => trace(api, client)),
  );
  return () => undefined;
}
