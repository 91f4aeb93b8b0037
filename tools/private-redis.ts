import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { probeRedis } from '../src/redis/probe-redis.js';
import { freePort } from './free-port.js';

/** Programs that speak the Redis protocol. The first one that is found is used. */
const PROGRAMS = ['redis-server', 'valkey-server'] as const;
const START_TIMEOUT_MS = 10_000;

/**
 * Ends the server when its standard input closes, which happens when the process that started it
 * ends for any reason.
 */
const LEASH =
  '"$@" >/dev/null 2>&1 & server=$!; cat >/dev/null; kill "$server" 2>/dev/null; wait "$server"; rmdir "$FOLDER"';

export interface PrivateRedis {
  readonly program: string;
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts a private Redis on a free port, without persistence. Returns undefined if no such program
 * is installed.
 */
export async function startPrivateRedis(): Promise<PrivateRedis | undefined> {
  const program = PROGRAMS.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
  if (!program) return undefined;
  const dir = await mkdtemp(join(tmpdir(), 'deltastream-demo-'));
  const port = await freePort();
  const args = [program, ...throwawayArgs(port, dir)];
  // In a separate process group, because Ctrl-C in a terminal must reach the gateway before the
  // server.
  const child = spawn('sh', ['-c', LEASH, 'sh', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, FOLDER: dir },
    detached: true,
  });
  const stop = async () => {
    await end(child);
    await rm(dir, { recursive: true, force: true });
  };
  const url = `redis://127.0.0.1:${port}/0`;
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await delay(50)) {
    if ((await probeRedis({ redisUrl: url })).state === 'ready') return { program, url, stop };
  }
  await stop();
  throw new Error(`${program} does not answer on port ${port}`);
}

/** The arguments of a Redis that listens only on loopback and stores nothing. `dir` stays empty. */
export function throwawayArgs(port: number, dir: string): string[] {
  return ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir];
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.stdin?.end();
  await exited;
}
