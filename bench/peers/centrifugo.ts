import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../tools/free-port.js';
import { LeashedProcess } from '../harness/leashed-process.js';
import { EVERYTHING } from '../publish/wire-format.js';
import { answers } from './nats.js';
import type { StartPeer, Workload } from './peer.js';
import { benchTool } from './tools.js';

/**
 * One node of Centrifugo with its engine in memory, which is its fastest. The publisher pipelines
 * requests of its HTTP API on one connection, and the clients speak its protocol in JSON.
 */
export const startCentrifugo: StartPeer = async ({ subjectPerProduct }) => {
  const tool = await benchTool('centrifugo');
  if ('skipped' in tool) return tool;
  const [port, dir] = await Promise.all([freePort(), LeashedProcess.folder('centrifugo')]);
  const file = join(dir, 'config.json');
  await writeFile(file, JSON.stringify(configOf(port)));
  const server = await LeashedProcess.start([tool.path, '-c', file], dir);
  await server.until(() => answers(port), 'Centrifugo does not listen');
  return {
    dialect: 'centrifugo',
    port,
    path: '/connection/websocket',
    target: { kind: 'centrifugo', port, channelPerProduct: subjectPerProduct },
    pids: [server.pid],
    profile: ({ everything, rooms, keys }: Workload) => {
      const channels = everything ? [EVERYTHING] : rooms.map(({ symbol }) => symbol);
      const commands = [{ connect: {} }, ...channels.map((channel) => ({ subscribe: { channel } }))];
      const greeting = commands.map((command, index) => JSON.stringify({ id: index + 1, ...command }));
      return { greeting: [greeting.join('\n')], confirmations: channels.length, snapshots: 0, keys };
    },
    stop: () => server.stop(),
  };
};

function configOf(port: number): object {
  return {
    http_server: { address: '127.0.0.1', port },
    http_api: { insecure: true },
    client: { allow_anonymous_connect_without_token: true },
    channel: {
      without_namespace: { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true },
    },
    usage_stats: { disabled: true },
    log: { level: 'warn' },
  };
}
