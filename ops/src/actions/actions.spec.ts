import type { AdminApi } from '../api/admin-api.js';
import type { ClientInfo } from '../api/answers.js';
import { adminStats, replicaStats } from '../testing/sample-stats.js';
import { shortfallOf } from './action.js';
import { disconnect, trace } from './client-actions.js';
import { ASKED, clientOrItsUser, oneTarget, sendNotice } from './notice.js';
import { changeLevel, drainReplica, rebalanceReplica } from './replica-actions.js';

const ALL = { missing: [], failed: [] };
const CLIENT: ClientInfo = {
  client_id: 'abc',
  replica: 'a',
  user: '42',
  role: null,
  address: '0123456789abcdef',
  transport: 'websocket',
  encoding: 'json',
  rooms: [],
  room_count: 0,
  buffered_bytes: 0,
  lagging: false,
  lag_ms: 0,
  age_seconds: 1,
};

/** An API that records what it was asked. */
function recorder(answer: object): { api: AdminApi; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const api = new Proxy({} as AdminApi, {
    get:
      (_, method) =>
      (...args: unknown[]) => {
        calls.push([method, ...args]);
        return Promise.resolve(answer);
      },
  });
  return { api, calls };
}

it('disconnects only the client, unless the operator chooses its user', async () => {
  const { api, calls } = recorder({ clients: 1, ...ALL });
  const action = disconnect(api, CLIENT);
  expect(action.describe({ whom: 'client' })).toBe('Closes the connection of client abc, of user 42, on a.');
  expect(action.confirm({ whom: 'user' })).toBe('Disconnect user 42');
  expect(await action.run({ whom: 'client', reconnect: '' })).toEqual({
    done: 'Disconnected 1 client.',
    ...ALL,
  });
  await action.run({ whom: 'user', reconnect: 'yes' });
  expect(calls).toEqual([
    ['disconnect', { client_id: 'abc' }, false],
    ['disconnect', { user: '42' }, true],
  ]);
});

it('offers no choice for a client without a user', () => {
  const { api } = recorder({});
  const names = disconnect(api, { ...CLIENT, user: null }).fields!.map(({ name }) => name);
  expect(names).toEqual(['reconnect']);
});

it('asks how many clients a user has before it does something to them', async () => {
  const { api, calls } = recorder({ matched: 3, missing: ['b'] });
  expect(await trace(api, CLIENT).preview!({ whom: 'user' })).toBe(
    'At this moment: 3 clients, without those on b.',
  );
  expect(calls).toEqual([['clients', { user: '42', limit: 1 }]]);
});

it.each([
  [oneTarget({ everyone: true }), {}, { everyone: true }, 'Send to everyone'],
  [oneTarget({ room: 'general' }), {}, { room: 'general' }, 'Send to room general'],
  [clientOrItsUser(CLIENT), { whom: 'client' }, { client_id: 'abc' }, 'Send to this client'],
  [clientOrItsUser(CLIENT), { whom: 'user' }, { user: '42' }, 'Send to user 42'],
  [ASKED, { target: 'room', room: ' product:X ' }, { room: 'product:X' }, 'Send to room product:X'],
  [ASKED, { target: 'user', user: '7' }, { user: '7' }, 'Send to user 7'],
  [ASKED, { target: 'everyone', room: 'x' }, { everyone: true }, 'Send to everyone'],
])('sends a notice to %#', async (recipients, values, to, confirm) => {
  const { api, calls } = recorder({ clients: 2, ...ALL });
  const action = sendNotice(api, recipients, () => 5);
  expect(action.confirm(values)).toBe(confirm);
  await action.run({ ...values, level: 'warning', text: ' Hello ', link: '' });
  expect(calls).toEqual([['notify', { level: 'warning', text: 'Hello', to }]]);
});

it('says who takes the clients of a replica that is drained', () => {
  const { api } = recorder({});
  const stats = adminStats([
    replicaStats('a', { clients: 1_204 }),
    replicaStats('b'),
    replicaStats('c', { state: 'draining' }),
  ]);
  const text = (of: string) => drainReplica(api, of, () => stats).describe({});
  expect(text('a')).toContain('disconnects its 1,204 clients step by step, so that they reconnect to b.');
  expect(text('b')).toContain('so that they reconnect to a.');
  const alone = adminStats([replicaStats('a')]);
  expect(drainReplica(api, 'a', () => alone).describe({})).toContain('NO OTHER REPLICA');
});

it('rebalances a share, and says how many clients that is', async () => {
  const { api, calls } = recorder({ replica: 'a', clients: 20 });
  const action = rebalanceReplica(api, 'a', () => adminStats([replicaStats('a')]));
  const values = { percent: '20', seconds: '60' };
  expect(action.describe(values)).toContain('about 20 clients of a, spread over 60 s');
  expect(await action.run(values)).toEqual({ done: 'a disconnects 20 clients over 60 s.' });
  expect(calls).toEqual([['rebalance', 'a', 0.2, 60]]);
});

it('changes the log level of one replica or of all', async () => {
  const { api, calls } = recorder({ replicas: [{ replica: 'a' }], missing: ['b'], failed: [] });
  const outcome = await changeLevel(api, undefined).run({ level: 'debug', for_seconds: '60' });
  await changeLevel(api, 'a').run({ level: 'warn', for_seconds: '600' });
  expect(calls).toEqual([
    ['setLevel', 'debug', 60, undefined],
    ['setLevel', 'warn', 600, 'a'],
  ]);
  expect([outcome.done, ...shortfallOf(outcome)]).toEqual([
    'Changed on a.',
    'No answer from b: it may not have happened there. Check, and try again.',
  ]);
});

it('names each replica that failed, and why', () => {
  expect(shortfallOf({ done: '', failed: [{ replica: 'b', problem: 'it is draining' }] })).toEqual([
    'Failed on b: it is draining',
  ]);
  expect(shortfallOf({ done: '' })).toEqual([]);
});
