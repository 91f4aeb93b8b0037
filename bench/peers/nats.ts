import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../tools/free-port.js';
import { LeashedProcess } from '../harness/leashed-process.js';
import { EVERYTHING } from '../publish/wire-format.js';
import { versionOf } from './node-servers.js';
import type { StartPeer, Workload } from './peer.js';

const PROGRAM = 'nats-server';

/**
 * A NATS server with a WebSocket listener: the publisher uses TCP and the clients WebSocket, both
 * with the NATS protocol.
 */
export const startNats: StartPeer = async ({ subjectPerProduct }) => {
  if (versionOf(PROGRAM, '--version') === undefined) return { skipped: `no ${PROGRAM} on the PATH` };
  const [tcp, port, dir] = await Promise.all([freePort(), freePort(), LeashedProcess.folder('nats')]);
  const file = join(dir, 'nats.conf');
  await writeFile(file, configOf(tcp, port));
  const server = await LeashedProcess.start([PROGRAM, '-c', file], dir);
  await server.until(() => answers(port), 'nats-server does not listen');
  return {
    dialect: 'nats',
    port,
    path: '/',
    target: { kind: 'nats', port: tcp, subjectPerProduct },
    pids: [server.pid],
    profile: ({ everything, rooms, keys }: Workload) => {
      const subjects = everything ? [EVERYTHING] : rooms.map(({ symbol }) => symbol);
      const subscriptions = subjects.map((subject, index) => `SUB ${subject} ${index + 1}\r\n`).join('');
      const connect = 'CONNECT {"verbose":false,"pedantic":false,"protocol":0}\r\n';
      return { greeting: [`${connect}${subscriptions}PING\r\n`], confirmations: 1, snapshots: 0, keys };
    },
    stop: () => server.stop(),
  };
};

function configOf(tcp: number, webSocket: number): string {
  return [
    `listen: "127.0.0.1:${tcp}"`,
    `websocket { listen: "127.0.0.1:${webSocket}", no_tls: true, compression: false }`,
    'max_connections: 50000',
    '',
  ].join('\n');
}

/** Whether a server listens there. */
export async function answers(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(undefined));
  });
}
