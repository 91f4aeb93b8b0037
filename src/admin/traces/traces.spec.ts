import { EventEmitter } from 'node:events';
import type { AuthService } from '../../auth/auth.service.js';
import type { OperatorLog } from '../../logging/operator-log.js';
import type { GatewayServer, GatewaySocket } from '../../transports/socket-io/socket-server.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import type { ClientDirectory } from '../clients/client-directory.js';
import { Traces } from './traces.js';

/** The part of a client that a trace uses. */
class FakeSocket extends EventEmitter {
  connected = true;
  readonly conn = { transport: { name: 'websocket' } };
  readonly outgoing = new Set<(event: string) => void>();

  constructor(
    readonly id: string,
    readonly user: string,
  ) {
    super();
  }

  onAnyOutgoing(listener: (event: string) => void): void {
    this.outgoing.add(listener);
  }

  offAnyOutgoing(listener: (event: string) => void): void {
    this.outgoing.delete(listener);
  }
}

type Line = Readonly<Record<string, unknown>>;

function start(...clients: FakeSocket[]) {
  const clock = new FakeClock();
  const lines: Line[] = [];
  const server = new EventEmitter();
  const auth = {
    userIdOf: (client: unknown) => (client as FakeSocket).user,
    pseudonymOf: () => 'pseudonym',
  } as unknown as AuthService;
  const directory = {
    select: () => Promise.resolve(clients),
    infoOf: () => ({ room_count: 1, buffered_bytes: 2, lagging: false, lag_ms: 0 }),
  } as unknown as ClientDirectory;
  const log = { info: (fields: object, event: string) => void lines.push({ ...fields, event }) };
  const traces = new Traces(
    auth,
    directory,
    server as unknown as GatewayServer,
    clock,
    log as unknown as OperatorLog,
  );
  const receive = (client: FakeSocket, event: string, ...args: unknown[]): void =>
    traces.received(client as unknown as GatewaySocket, event, args);
  const written = (): Line[] => lines.filter(({ event }) => event === 'client_trace');
  return { clock, lines, server, traces, receive, written };
}

it('logs what a client sends and is answered, under the pseudonym of its user, until it ends', async () => {
  const client = new FakeSocket('a', 'u');
  const { clock, traces, receive, written, server } = start(client);
  expect(traces.any).toBe(false);
  expect(await traces.start('t', { client_id: 'a' }, 5_000)).toEqual({ clients: 1 });
  receive(client, 'subscribe', { type: 'general' }, () => undefined);
  for (const listener of client.outgoing) listener('subscribed');
  expect(written()).toEqual([
    expect.objectContaining({
      trace_id: 't',
      received: 'subscribe',
      payload: '{"type":"general"}',
      user: 'pseudonym',
    }),
    expect.objectContaining({ sent: 'subscribed' }),
  ]);
  clock.advance(1_000);
  expect(written().at(-1)).toMatchObject({ state: { buffered_bytes: 2 } });
  clock.advance(4_000);
  expect([traces.any, traces.list, clock.pending]).toEqual([false, [], 0]);
  expect([
    client.outgoing.size,
    client.listenerCount('disconnect'),
    server.listenerCount('connection'),
  ]).toEqual([0, 0, 0]);
});

it('logs nothing of other clients, and the new ones of a user', async () => {
  const { clock, traces, receive, written, server } = start();
  await traces.start('t', { user: 'u' }, 60_000);
  receive(new FakeSocket('b', 'v'), 'subscribe', {});
  const late = new FakeSocket('c', 'u');
  server.emit('connection', late);
  server.emit('connection', new FakeSocket('d', 'v'));
  clock.turn();
  expect(written()).toEqual([expect.objectContaining({ client_id: 'c', connected: 'websocket' })]);
});

it.each([
  ['the payload of a refresh', 'refresh_token', { token: 'secret-value' }],
  ['a token in another event', 'subscribe', { token: 'secret-value' }],
  ['a JSON Web Token as text', 'subscribe', 'eyJhbGciOiJIUzI1NiJ9.secret-value.secret-value'],
  ['a password in a URL', 'subscribe', { url: 'redis://user:secret-value@host/0' }],
])('masks %s', async (_, event, payload) => {
  const client = new FakeSocket('a', 'u');
  const { traces, receive, written } = start(client);
  await traces.start('t', { client_id: 'a' }, 5_000);
  receive(client, event, payload);
  expect(written()).toHaveLength(1);
  expect(JSON.stringify(written())).not.toContain('secret-value');
});

it('limits its lines, and counts those that it left out', async () => {
  const client = new FakeSocket('a', 'u');
  const { clock, traces, receive, written } = start(client);
  await traces.start('t', { client_id: 'a' }, 60_000);
  const payload = { toJSON: jest.fn(() => ({})) };
  for (let n = 0; n < 1_000; n++) receive(client, 'subscribe', payload);
  expect(written()).toHaveLength(200);
  expect(payload.toJSON).toHaveBeenCalledTimes(200); // the others cost nothing
  clock.advance(1_000);
  receive(client, 'subscribe', {});
  expect(written()[200]).toMatchObject({ suppressed: 800 });
});

it('survives a payload that is no JSON, and a client that has left', async () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const client = new FakeSocket('a', 'u');
  const { traces, receive, written } = start(client);
  await traces.start('t', { client_id: 'a' }, 5_000);
  receive(client, 'subscribe', circular);
  expect(written()[0]).toMatchObject({ payload: '' });
  client.connected = false;
  client.emit('disconnect', 'transport close');
  expect(written().at(-1)).toMatchObject({ disconnected: 'transport close' });
  expect(client.listenerCount('disconnect')).toBe(0);
});

it('does not watch clients if it was stopped while it began', async () => {
  const client = new FakeSocket('a', 'u');
  const { traces } = start(client);
  const begun = traces.start('t', { client_id: 'a' }, 5_000);
  traces.stop('t');
  await begun;
  expect(client.outgoing.size).toBe(0);
});

it('has a limit, and ends with the application', async () => {
  const { clock, traces } = start();
  for (let n = 0; n < 20; n++) await traces.start(`t${n}`, { user: `u${n}` }, 5_000);
  await expect(traces.start('one-more', { user: 'x' }, 5_000)).rejects.toThrow('There are 20 traces already');
  await traces.start('t3', { user: 'u3' }, 9_000); // the same one again is no new one
  traces.onApplicationShutdown();
  expect([traces.any, clock.pending]).toEqual([false, 0]);
});
