import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { freePort } from '../../tools/free-port.js';
import { throwawayArgs } from '../../tools/private-redis.js';
import { LeashedProcess } from '../harness/leashed-process.js';
import { versionOf } from './node-servers.js';
import type { Skipped } from './peer.js';

/** Private Redis servers: one server, or the masters of a cluster. */
export interface RedisNodes {
  readonly ports: readonly number[];
  readonly pids: readonly number[];
  /** The port of the node that owns a sharded channel. */
  ownerOf(channel: string): Promise<number>;
  stop(): Promise<void>;
}

export async function startRedisNodes(count: number): Promise<RedisNodes | Skipped> {
  if (versionOf('redis-server', '--version') === undefined) return { skipped: 'no redis-server on the PATH' };
  const nodes: { readonly port: number; readonly server: LeashedProcess }[] = [];
  const stop = async () => {
    await Promise.all(nodes.map(({ server }) => server.stop()));
  };
  try {
    for (let n = 0; n < count; n++) nodes.push(await startNode(count > 1));
    const ports = nodes.map(({ port }) => port);
    if (count > 1) await makeCluster(ports);
    return {
      ports,
      pids: nodes.map(({ server }) => server.pid),
      ownerOf: (channel) => ownerOf(ports[0]!, channel),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startNode(clustered: boolean) {
  const port = await freePort();
  const dir = await LeashedProcess.folder('redis');
  const args = clustered ? ['--cluster-enabled', 'yes', '--cluster-port', `${await freePort()}`] : [];
  const server = await LeashedProcess.start(['redis-server', ...throwawayArgs(port, dir), ...args], dir);
  await server.until(
    () => ask(port, async (redis) => (await redis.ping()) === 'PONG' || undefined).catch(() => undefined),
    'redis-server does not answer',
  );
  return { port, server };
}

async function makeCluster(ports: readonly number[]): Promise<void> {
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  await promisify(execFile)('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
  for (const port of ports) {
    while (!(await ask(port, (redis) => redis.cluster('INFO'))).includes('cluster_state:ok')) await delay(50);
  }
}

function ownerOf(port: number, channel: string): Promise<number> {
  return ask(port, async (redis) => {
    const slot = await redis.cluster('KEYSLOT', channel);
    for (const [first, last, owner] of await redis.cluster('SLOTS')) {
      if (owner && first <= slot && slot <= last) return Number(owner[1]);
    }
    throw new Error(`no node owns ${channel}`);
  });
}

async function ask<T>(port: number, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}
