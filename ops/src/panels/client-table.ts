import type { Action } from '../actions/action.js';
import { disconnectClient, disconnectUser, traceClient } from '../actions/client-actions.js';
import { sendNotice } from '../actions/notice.js';
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
      { label: 'Transport', text: ({ transport, encoding }) => `${transport}, ${encoding}` },
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
  const { client_id, user } = row();
  const whom = { client_id };
  const connected = () => undefined;
  const named = (label: string, onClick: () => void, name = `client ${client_id}`) =>
    button(label, onClick, { 'aria-label': `${label.replace('…', '')} ${name}` });
  cell.className = 'actions';
  cell.append(
    named('Disconnect…', () => act(disconnectClient(api, row()))),
    named('Notice…', () => act(sendNotice(api, whom, connected))),
    named('Trace…', () => act(traceClient(api, whom))),
  );
  if (user !== null)
    cell.append(
      el(
        'span',
        { class: 'of-user' },
        el('span', { 'aria-hidden': 'true' }, 'User:'),
        named('Disconnect…', () => act(disconnectUser(api, user)), `user ${user}`),
        named('Notice…', () => act(sendNotice(api, { user }, connected)), `user ${user}`),
        named('Trace…', () => act(traceClient(api, { user })), `user ${user}`),
      ),
    );
  return () => undefined;
}
