import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { cleanUp } from './cleanup.js';
import { RedisServer } from './redis-server.js';
import { temporaryFolder } from './temporary-folder.js';
import { freePort, waitFor } from './wait.js';

export const MASTER_NAME = 'mymaster';

const SENTINELS = 3;
const QUORUM = 2;

/** A master, a replica and three sentinels that fail over within about two seconds: real processes. */
export class RedisSentinels {
  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    readonly url: string,
    /** How a client of the test's finds the master. */
    readonly options: RedisOptions,
    /** A connection of the test's to whoever is master. */
    readonly client: Redis,
    private readonly sentinels: readonly ChildProcess[],
  ) {}

  /** @param password of the sentinels themselves */
  static async start(password: string): Promise<RedisSentinels> {
    const master = await RedisServer.start();
    const replica = await RedisServer.start(['--replicaof', '127.0.0.1', `${master.port}`]);
    await waitFor(async () => (await replica.client.info('replication')).includes('master_link_status:up'));
    const sentinels = [];
    const ports: number[] = [];
    for (let n = 0; n < SENTINELS; n++) {
      const port = await freePort();
      const dir = await temporaryFolder();
      const file = join(dir, 'sentinel.conf'); // a sentinel rewrites its file
      await writeFile(
        file,
        [
          `port ${port}`,
          'bind 127.0.0.1',
          `dir ${dir}`,
          `requirepass ${password}`,
          `sentinel sentinel-pass ${password}`,
          `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} ${QUORUM}`,
          `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
          `sentinel failover-timeout ${MASTER_NAME} 3000`,
          '',
        ].join('\n'),
      );
      sentinels.push(spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' }));
      ports.push(port);
    }
    const endpoints = ports.map((port) => ({ host: '127.0.0.1', port }));
    const options = { sentinels: endpoints, name: MASTER_NAME, sentinelPassword: password };
    const client = new Redis({
      ...options,
      maxRetriesPerRequest: null,
      retryStrategy: () => 50,
      sentinelRetryStrategy: () => 50,
    });
    client.on('error', () => undefined);
    const url = `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(',')}/${MASTER_NAME}`;
    const all = new RedisSentinels(master, replica, url, options, client, sentinels);
    cleanUp(() => all.stop());
    await all.agree(endpoints, password);
    return all;
  }

  async stop(): Promise<void> {
    if (this.client.status !== 'end') this.client.disconnect();
    for (const process of this.sentinels) {
      if (process.exitCode === null && process.signalCode === null) {
        const exited = once(process, 'exit');
        process.kill('SIGKILL');
        await exited;
      }
    }
    await this.replica.stop();
    await this.master.stop();
  }

  /** Waits until every sentinel knows the replica and the other sentinels: without them it fails over to nobody. */
  private async agree(endpoints: readonly { host: string; port: number }[], password: string): Promise<void> {
    for (const endpoint of endpoints) {
      const sentinel = new Redis({
        ...endpoint,
        password,
        maxRetriesPerRequest: null,
        retryStrategy: () => 50,
      });
      sentinel.on('error', () => undefined);
      await waitFor(async () => {
        const info = await sentinel.info('sentinel');
        return info.includes(`slaves=1,sentinels=${SENTINELS}`);
      }, 'the sentinels do not find each other');
      sentinel.disconnect();
    }
  }
}
