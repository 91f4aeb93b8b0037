import type { AdminApi } from '../api/admin-api.js';
import type { ClientInfo, ClientOrUser } from '../api/answers.js';
import { plural, timeOfDay } from '../format.js';
import type { Action } from './action.js';
import { durationField, secondsIn } from './durations.js';

const REGARDLESS = 'Without this, the client is told not to come back.';

/** Who an action is for, in words: `client x` or `user y`. */
export function nameOf(whom: ClientOrUser): string {
  return 'user' in whom ? `user ${whom.user}` : `client ${whom.client_id}`;
}

/** How many clients a user has at this moment. */
export async function clientsOfUser(api: AdminApi, user: string): Promise<string> {
  const { matched, missing } = await api.clients({ user, limit: 1 });
  const unknown = missing.length > 0 ? `, without those on ${missing.join(', ')}` : '';
  return `At this moment: ${plural(matched, 'client')}${unknown}.`;
}

export function disconnectClient(api: AdminApi, client: ClientInfo): Action {
  const owner = client.user === null ? 'which has no user' : `of user ${client.user}`;
  return {
    title: 'Disconnect a client',
    isDangerous: true,
    fields: [{ name: 'reconnect', label: 'Let it reconnect', kind: 'checkbox', hint: REGARDLESS }],
    confirm: () => 'Disconnect this client',
    describe: () => `Closes the connection of client ${client.client_id}, ${owner}, on ${client.replica}.`,
    async run({ reconnect }) {
      const answer = await api.disconnect({ client_id: client.client_id }, reconnect === 'yes');
      return { done: `Disconnected ${plural(answer.clients, 'client')}.`, ...answer };
    },
  };
}

export function disconnectUser(api: AdminApi, user: string): Action {
  return {
    title: 'Disconnect a user',
    isDangerous: true,
    fields: [{ name: 'reconnect', label: 'Let them reconnect', kind: 'checkbox', hint: REGARDLESS }],
    confirm: () => `Disconnect user ${user}`,
    describe: () => `Closes every connection of user ${user}, on all replicas. The token stays valid.`,
    preview: () => clientsOfUser(api, user),
    async run({ reconnect }) {
      const answer = await api.disconnect({ user }, reconnect === 'yes');
      return { done: `Disconnected ${plural(answer.clients, 'client')} of user ${user}.`, ...answer };
    },
  };
}

export function traceClient(api: AdminApi, whom: ClientOrUser): Action {
  return {
    title: `Trace a ${'user' in whom ? 'user' : 'client'}`,
    isDangerous: false,
    fields: [durationField()],
    confirm: () => `Trace ${'user' in whom ? nameOf(whom) : 'this client'}`,
    describe: () =>
      `Writes what ${nameOf(whom)} sends and receives to the log of each replica, for a limited time.`,
    preview: () => ('user' in whom ? clientsOfUser(api, whom.user) : undefined),
    async run(values) {
      const answer = await api.trace(whom, secondsIn(values));
      return {
        done: `Traces ${plural(answer.clients, 'client')} until ${timeOfDay(answer.until)}. Search the logs for the trace ${answer.trace_id}.`,
        missing: answer.missing,
        failed: answer.failed,
      };
    },
  };
}
