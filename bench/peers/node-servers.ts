import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { startPrivateRedis } from '../../tools/private-redis.js';
import { LeashedProcess } from '../harness/leashed-process.js';
import { processTree } from '../harness/proc-stat.js';
import { EVERYTHING } from '../publish/wire-format.js';
import { type Peer, type Protocol, type Skipped, SOCKET_IO, type StartPeer, type Workload } from './peer.js';
import { benchTool } from './tools.js';

/** `dist/` */
const ROOT = join(__dirname, '../..');
/** The line that a server logs once it listens, with its port. */
const LISTENING = /"port":(\d+).*"socket_gateway_listening"|"socket_gateway_listening".*"port":(\d+)/;
/** Each process of a gateway with several logs it. */
const EACH_LISTENING = new RegExp(LISTENING, 'g');

/** The gateway, as operators run it. */
export const startGateway: StartPeer = () => startNodeServer('gateway', 'src/main.js', {});

/** The gateway, with clients of one of its protocols. */
export function startGatewayFor(protocol: Protocol): StartPeer {
  return () => startNodeServer('gateway', 'src/main.js', {}, protocol);
}

/** The gateway with a write for each client, to show what the addon gains. */
export const startGatewayWithoutAddon: StartPeer = () =>
  startNodeServer('gateway', 'src/main.js', { FANOUT_NATIVE: 'off' });

/** The usual alternative. */
export const startPlain: StartPeer = () => startNodeServer('plain', 'bench/peers/plain-socket-io.js', {});

export const startPlainCompressing: StartPeer = () =>
  startNodeServer('plain', 'bench/peers/plain-socket-io.js', { PER_MESSAGE_DEFLATE: '1' });

/** A program in C++ below a little JavaScript: the fastest WebSocket server for Node. */
export const startUWebSockets: StartPeer = async () => {
  const tool = await benchTool('uwebsockets');
  if ('skipped' in tool) return tool;
  return startNodeServer(
    'uwebsockets',
    'bench/peers/uwebsockets-server.js',
    { UWEBSOCKETS: tool.path },
    {
      dialect: 'text',
      path: '/',
      profile: ({ everything, rooms, keys }: Workload) => {
        const greeting = everything ? [EVERYTHING] : rooms.map(({ symbol }) => symbol);
        return { greeting, confirmations: greeting.length, snapshots: 0, keys };
      },
    },
  );
};

/**
 * The gateway with so many processes on one port. Polling needs a client to stay with one process,
 * so there is none.
 */
export function startGatewayWithWorkers(workers: number): StartPeer {
  return () =>
    startNodeServer(
      'gateway',
      'src/main.js',
      { WORKERS: String(workers), TRANSPORTS: 'websocket' },
      SOCKET_IO,
      workers,
    );
}

async function startNodeServer(
  name: string,
  main: string,
  env: Readonly<Record<string, string>>,
  protocol: Protocol = SOCKET_IO,
  workers = 1,
): Promise<Peer | Skipped> {
  const redis = await startPrivateRedis();
  if (!redis) return { skipped: 'no redis-server or valkey-server on the PATH' };
  const server = await LeashedProcess.start(
    [process.execPath, join(ROOT, main)],
    await LeashedProcess.folder(name),
    {
      env: {
        PORT: '0',
        HOST: '127.0.0.1',
        NODE_ENV: 'production',
        SECRET_KEY: 'benchmark',
        REDIS_URL: redis.url,
        ...env,
      },
      // The servers are stateless, and a drain would only take time.
      endSignal: 'KILL',
    },
  );
  let pids: readonly number[] = [];
  const stop = async () => {
    await server.stop();
    // Its workers would drain first, during the next run.
    pids.forEach(kill);
    await redis.stop();
  };
  try {
    const port = await server.until(async () => {
      const match = LISTENING.exec(await server.log());
      return match ? Number(match[1] ?? match[2]) : undefined;
    }, `${name} does not listen`);
    // One worker is the process itself. Several have a process that supervises them.
    const processes = workers === 1 ? 1 : workers + 1;
    pids = await server.until(async () => {
      const tree = processTree(server.pid);
      const listening = [...(await server.log()).matchAll(EACH_LISTENING)].length;
      return tree.length >= processes && listening >= workers ? tree : undefined;
    }, `${name} does not start ${workers} workers`);
    return {
      ...protocol,
      port,
      target: { kind: 'redis', port: Number(new URL(redis.url).port) },
      pids,
      redisUrl: redis.url,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** The version line of a program, or `undefined` if it cannot be run. */
export function versionOf(program: string, ...args: string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? (stdout || stderr).trim() : undefined;
}
