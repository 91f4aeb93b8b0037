import type { AdminApi } from '../api/admin-api.js';
import type { NoticeTarget } from '../api/answers.js';
import { plural } from '../format.js';
import type { Action, Field, Values } from './action.js';
import { clientsOfUser, nameOf } from './client-actions.js';

const LONGEST = 500;

/**
 * Sends a notice.
 * @param target undefined if the form asks for it
 * @param connected how many clients are connected now
 */
export function sendNotice(
  api: AdminApi,
  target: NoticeTarget | undefined,
  connected: () => number | undefined,
): Action {
  const to = (values: Values) => target ?? targetIn(values);
  return {
    title: 'Send a notice',
    isDangerous: false,
    fields: [...(target ? [] : TARGET_FIELDS), ...MESSAGE_FIELDS],
    confirm: (values) => `Send to ${inWords(to(values), true)}`,
    describe: (values) => `Sends this text to ${inWords(to(values), false)}. It cannot be taken back.`,
    preview: (values) => reach(api, to(values), connected()),
    async run(values) {
      const answer = await api.notify({
        level: values.level ?? 'info',
        text: (values.text ?? '').trim(),
        ...(values.link && { link: values.link }),
        to: to(values),
      });
      return {
        done: `Sent to ${plural(answer.clients, 'client')}.`,
        missing: answer.missing,
        failed: answer.failed,
      };
    },
  };
}

const TARGET_FIELDS: readonly Field[] = [
  {
    name: 'target',
    label: 'To',
    kind: 'choice',
    value: 'room',
    choices: [
      ['room', 'a room'],
      ['user', 'a user'],
      ['everyone', 'everyone'],
    ],
  },
  {
    name: 'room',
    label: 'Room',
    kind: 'text',
    isRequired: true,
    hint: 'Such as product:NIFTY',
    isShown: ({ target }) => target === 'room',
  },
  {
    name: 'user',
    label: 'User',
    kind: 'text',
    isRequired: true,
    isShown: ({ target }) => target === 'user',
  },
];

const MESSAGE_FIELDS: readonly Field[] = [
  {
    name: 'level',
    label: 'Level',
    kind: 'choice',
    value: 'info',
    choices: [
      ['info', 'info'],
      ['warning', 'warning'],
      ['critical', 'critical'],
    ],
  },
  { name: 'text', label: 'Text', kind: 'long text', isRequired: true, longest: LONGEST },
  { name: 'link', label: 'Link (optional)', kind: 'url', hint: 'Begins with https://' },
];

function targetIn({ target, room = '', user = '' }: Values): NoticeTarget {
  if (target === 'everyone') return { everyone: true };
  return target === 'user' ? { user: user.trim() } : { room: room.trim() };
}

function inWords(target: NoticeTarget, isShort: boolean): string {
  if ('everyone' in target) return isShort ? 'everyone' : 'every client of all replicas';
  if ('room' in target) return `${isShort ? '' : 'all clients in '}room ${target.room || '…'}`;
  return isShort && 'client_id' in target ? 'this client' : nameOf(target);
}

function reach(
  api: AdminApi,
  target: NoticeTarget,
  connected: number | undefined,
): Promise<string> | undefined {
  if ('everyone' in target)
    return connected === undefined
      ? undefined
      : Promise.resolve(`At this moment: ${plural(connected, 'client')}.`);
  if ('user' in target) return target.user === '' ? undefined : clientsOfUser(api, target.user);
  if ('room' in target) return target.room === '' ? undefined : clientsInRoom(api, target.room);
  return undefined;
}

async function clientsInRoom(api: AdminApi, room: string): Promise<string> {
  const { matched, missing } = await api.clients({ room, limit: 1 });
  const unknown = missing.length > 0 ? `, without those on ${missing.join(', ')}` : '';
  return `At this moment: ${plural(matched, 'client')}${unknown}.`;
}
