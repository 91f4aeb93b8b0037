import type { Socket as TcpSocket } from 'node:net';
import { type Ends, FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { waitFor } from '../../../test/support/wait.js';
import { httpServerOf } from './engine-io-internals.js';
import { shrinkClient } from './idle-memory.js';

afterEach(() => FanoutRig.stopAll());

const CLIENTS = 20;

interface Crowd {
  readonly rig: FanoutRig;
  readonly ends: readonly Ends[];
  /** The TCP connections that are open, as the server sees them. */
  readonly tcp: Set<TcpSocket>;
  /** The ids of the disconnected clients, once for each event. */
  readonly disconnected: string[];
}

async function connectCrowd(transports: readonly string[]): Promise<Crowd> {
  const rig = await FanoutRig.start();
  const tcp = new Set<TcpSocket>();
  const disconnected: string[] = [];
  const forget = function (this: TcpSocket): void {
    tcp.delete(this);
  };
  httpServerOf(rig.server).on('connection', (connection: TcpSocket) => {
    tcp.add(connection);
    connection.on('close', forget);
  });
  rig.server.on('connection', (socket) => {
    shrinkClient(socket);
    socket.on('disconnect', () => disconnected.push(socket.id));
  });
  const ends: Ends[] = [];
  for (let n = 0; n < CLIENTS; n++) ends.push(await rig.connect({ transports: [...transports] }));
  const last = transports.at(-1);
  await waitFor(() => ends.every(({ socket }) => socket.conn.transport.name === last));
  return { rig, ends, tcp, disconnected };
}

/** Ends every connection of the crowd. */
type End = (crowd: Crowd) => unknown;

const ENDS: readonly (readonly [string, End])[] = [
  ['were closed by the client', ({ ends }) => ends.forEach(({ client }) => client.disconnect())],
  ['were closed by the server', ({ ends }) => ends.forEach(({ socket }) => socket.disconnect(true))],
  ['were closed by their transport', ({ ends }) => ends.forEach(({ socket }) => socket.conn.close(true))],
  [
    'were closed while a message was handled',
    ({ ends }) => {
      for (const { client, socket } of ends) {
        socket.conn.on('data', () => socket.disconnect(true));
        client.emit('unsubscribe', 1);
      }
    },
  ],
  [
    'were closed while a message was emitted',
    ({ ends }) => {
      for (const { socket } of ends) {
        socket.conn.once('packetCreate', () => socket.disconnect(true));
        reply(socket, 1);
      }
    },
  ],
];

const RESETS: readonly (readonly [string, End])[] = [
  ['were reset', ({ tcp }) => tcp.forEach((connection) => connection.resetAndDestroy())],
  [
    'were reset while a message was handled',
    ({ ends, tcp }) => {
      for (const { client, socket } of ends) {
        socket.conn.on('data', () => tcp.forEach((connection) => connection.resetAndDestroy()));
        client.emit('unsubscribe', 1);
      }
    },
  ],
];

const WEB_SOCKETS = [['websocket'], ['polling', 'websocket']];
const CASES = [
  ...WEB_SOCKETS.flatMap((transports) =>
    [...ENDS, ...RESETS].map(([name, end]) => ({ transports, name, end })),
  ),
  ...ENDS.map(([name, end]) => ({ transports: ['polling'], name, end })),
];

it.each(CASES)('clients that $name are uncounted, each once ($transports)', async ({ transports, end }) => {
  const crowd = await connectCrowd(transports);
  const ids = crowd.ends.map(({ socket }) => socket.id);
  const { rig, tcp, disconnected } = crowd;
  await end(crowd);
  await waitFor(
    () => rig.server.engine.clientsCount === 0 && disconnected.length >= CLIENTS,
    () => `${rig.server.engine.clientsCount} are still counted, ${disconnected.length} were disconnected`,
  );
  for (const { client } of crowd.ends) client.disconnect();
  if (transports.at(-1) === 'websocket')
    await waitFor(
      () => tcp.size === 0,
      () => `${tcp.size} are still open`,
    );
  expect(rig.server.sockets.sockets.size).toBe(0);
  expect([...disconnected].sort()).toEqual([...ids].sort());
});
