import type { AdminApi } from '../api/admin-api.js';
import type { ClientInfo, ClientOrUser } from '../api/answers.js';
import { plural, timeOfDay } from '../format.js';
import type { Action, Field, Values } from './action.js';
import { durationField, secondsIn } from './durations.js';

/** Whom an action is for, in words: `client x` or `user y`. */
export function nameOf(whom: ClientOrUser): string {
  return 'user' in whom ? `user ${whom.user}` : `client ${whom.client_id}`;
}

/**
 * The choice between one client and all clients of its user. A client without a user leaves no
 * choice.
 */
export function whomField({ user }: ClientInfo): Field[] {
  if (user === null) return [];
  return [
    {
      name: 'whom',
      label: 'Whom',
      kind: 'choice',
      value: 'client',
      choices: [
        ['client', 'this client'],
        ['user', `all clients of user ${user}`],
      ],
    },
  ];
}

export function whomIn({ client_id, user }: ClientInfo, { whom }: Values): ClientOrUser {
  return whom === 'user' && user !== null ? { user } : { client_id };
}

/** How many clients match at this moment, in words. */
export async function countNow(api: AdminApi, filter: { user: string } | { room: string }): Promise<string> {
  const { matched, missing } = await api.clients({ ...filter, limit: 1 });
  const unknown = missing.length > 0 ? `, without those on ${missing.join(', ')}` : '';
  return `At this moment: ${plural(matched, 'client')}${unknown}.`;
}

function previewOf(api: AdminApi, whom: ClientOrUser): Promise<string> | undefined {
  return 'user' in whom ? countNow(api, whom) : undefined;
}

export function disconnect(api: AdminApi, client: ClientInfo): Action {
  const whom = (values: Values) => whomIn(client, values);
  return {
    title: 'Disconnect',
    isDangerous: true,
    fields: [
      ...whomField(client),
      {
        name: 'reconnect',
        label: 'May reconnect',
        kind: 'checkbox',
        hint: 'Otherwise the client is told not to come back.',
      },
    ],
    confirm: (values) =>
      'user' in whom(values) ? `Disconnect ${nameOf(whom(values))}` : 'Disconnect this client',
    describe: (values) =>
      'user' in whom(values)
        ? `Closes every connection of ${nameOf(whom(values))}, on all replicas. The user's token stays valid.`
        : `Closes the connection of client ${client.client_id}, ${ownerOf(client)}, on ${client.replica}.`,
    preview: (values) => previewOf(api, whom(values)),
    async run(values) {
      const { clients, missing, failed } = await api.disconnect(whom(values), values.reconnect === 'yes');
      return { done: `Disconnected ${plural(clients, 'client')}.`, missing, failed };
    },
  };
}

export function trace(api: AdminApi, client: ClientInfo): Action {
  const whom = (values: Values) => whomIn(client, values);
  return {
    title: 'Trace',
    isDangerous: false,
    fields: [...whomField(client), durationField()],
    confirm: (values) => ('user' in whom(values) ? `Trace ${nameOf(whom(values))}` : 'Trace this client'),
    describe: (values) =>
      `Writes what ${nameOf(whom(values))} sends and receives to the logs of the replicas, for a limited time.`,
    preview: (values) => previewOf(api, whom(values)),
    async run(values) {
      const { clients, trace_id, until, missing, failed } = await api.trace(whom(values), secondsIn(values));
      const done = `Traces ${plural(clients, 'client')} until ${timeOfDay(until)}. Search the logs for ${trace_id}.`;
      return { done, missing, failed };
    },
  };
}

function ownerOf({ user }: ClientInfo): string {
  return user === null ? 'which has no user' : `of user ${user}`;
}
