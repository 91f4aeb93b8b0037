import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { startPrivateRedis } from '../../tools/private-redis.js';
import { LeashedProcess } from '../harness/leashed-process.js';
import { type Peer, type Skipped, SOCKET_IO_PATH, socketIoProfile, type StartPeer } from './peer.js';

/** `dist/` */
const ROOT = join(__dirname, '../..');
/** The line that a server logs once it listens, with its port. */
const LISTENING = /"port":(\d+).*"socket_gateway_listening"|"socket_gateway_listening".*"port":(\d+)/;

/** The gateway, as operators run it. */
export const startGateway: StartPeer = () => startNodeServer('gateway', 'src/main.js', {});

/** The gateway with a write for each client, to show what the addon gains. */
export const startGatewayWithoutAddon: StartPeer = () =>
  startNodeServer('gateway', 'src/main.js', { FANOUT_NATIVE: 'off' });

/** The usual alternative. */
export const startPlain: StartPeer = () => startNodeServer('plain', 'bench/peers/plain-socket-io.js', {});

export const startPlainCompressing: StartPeer = () =>
  startNodeServer('plain', 'bench/peers/plain-socket-io.js', { PER_MESSAGE_DEFLATE: '1' });

async function startNodeServer(
  name: string,
  main: string,
  env: Readonly<Record<string, string>>,
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
  const stop = async () => {
    await server.stop();
    await redis.stop();
  };
  try {
    const port = await server.until(async () => {
      const match = LISTENING.exec(await server.log());
      return match ? Number(match[1] ?? match[2]) : undefined;
    }, `${name} does not listen`);
    return {
      dialect: 'socket.io',
      port,
      path: SOCKET_IO_PATH,
      target: { kind: 'redis', port: Number(new URL(redis.url).port) },
      pids: [server.pid],
      redisUrl: redis.url,
      profile: socketIoProfile,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The version line of a program, or `undefined` if it cannot be run. */
export function versionOf(program: string, flag: string): string | undefined {
  const { status, stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' });
  return status === 0 ? (stdout || stderr).trim() : undefined;
}
