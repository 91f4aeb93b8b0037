import type { AdminApi } from '../api/admin-api.js';
import type { ClientInfo, NoticeTarget } from '../api/answers.js';
import { plural } from '../format.js';
import type { Action, Field, Values } from './action.js';
import { countNow, nameOf, whomField, whomIn } from './client-actions.js';

const LONGEST = 500;

/** Whom a notice is for: the fields of the form that ask for it, and how to read them. */
export interface Recipients {
  readonly fields: readonly Field[];
  readonly targetIn: (values: Values) => NoticeTarget;
}

export function oneTarget(target: NoticeTarget): Recipients {
  return { fields: [], targetIn: () => target };
}

export function clientOrItsUser(client: ClientInfo): Recipients {
  return { fields: whomField(client), targetIn: (values) => whomIn(client, values) };
}

/** @param connected how many clients are connected now */
export function sendNotice(
  api: AdminApi,
  { fields, targetIn }: Recipients,
  connected: () => number | undefined,
): Action {
  return {
    title: 'Send a notice',
    isDangerous: false,
    fields: [...fields, ...MESSAGE_FIELDS],
    confirm: (values) => `Send to ${inWords(targetIn(values), true)}`,
    describe: (values) => `Sends this text to ${inWords(targetIn(values), false)}. It cannot be taken back.`,
    preview: (values) => reach(api, targetIn(values), connected()),
    async run(values) {
      const { clients, missing, failed } = await api.notify({
        level: values.level ?? 'info',
        text: (values.text ?? '').trim(),
        ...(values.link && { link: values.link }),
        to: targetIn(values),
      });
      return { done: `Sent to ${plural(clients, 'client')}.`, missing, failed };
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

/** The form asks for the room or the user. */
export const ASKED: Recipients = {
  fields: TARGET_FIELDS,
  targetIn: ({ target, room = '', user = '' }) => {
    if (target === 'everyone') return { everyone: true };
    return target === 'user' ? { user: user.trim() } : { room: room.trim() };
  },
};

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
  if ('user' in target) return target.user === '' ? undefined : countNow(api, target);
  if ('room' in target) return target.room === '' ? undefined : countNow(api, target);
  return undefined;
}
