import { join } from 'node:path';
import { freePort } from '../../tools/free-port.js';
import { LeashedProcess } from '../harness/leashed-process.js';
import { answers } from './nats.js';
import type { Peer, StartPeer, Workload } from './peer.js';
import { benchTool } from './tools.js';

/** A loop of `send()` in C, which is the least CPU that a write to each client can cost. */
export const startSendLoop: StartPeer = async () => {
  const tool = await benchTool('send-loop');
  return 'skipped' in tool ? tool : startBareServer('send-loop', [tool.path]);
};

/** A loop of `socket.write()` in Node, which is the least for a server in JavaScript. */
export const startBareNode: StartPeer = () =>
  startBareServer('bare-node', [process.execPath, join(__dirname, 'bare-node-server.js')]);

/** Starts a server that sends each line of its feed to all clients. */
async function startBareServer(name: string, command: readonly string[]): Promise<Peer> {
  const [port, feed, dir] = await Promise.all([freePort(), freePort(), LeashedProcess.folder(name)]);
  const server = await LeashedProcess.start([...command, String(port), String(feed)], dir);
  await server.until(() => answers(port), `${name} does not listen`);
  return {
    dialect: 'text',
    port,
    path: '/',
    target: { kind: 'lines', port: feed },
    pids: [server.pid],
    profile: ({ keys }: Workload) => ({ greeting: [], confirmations: 0, snapshots: 0, keys }),
    stop: () => server.stop(),
  };
}
