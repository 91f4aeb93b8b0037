import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis, RedisOptions } from 'ioredis';
import { endProcess, startProcess } from './processes.js';
import { endRedisClient, redisClient } from './redis-client.js';
import { RedisServer } from './redis-server.js';
import { temporaryFolder } from './temporary-folder.js';
import { freePort, waitFor } from './wait.js';

export const MASTER_NAME = 'mymaster';

const SENTINELS = 3;
const QUORUM = 2;

/**
 * A master, a replica and three sentinels that fail over within about two seconds, all as real
 * processes.
 */
export class RedisSentinels {
  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    readonly url: string,
    /** The options with which a client of the test finds the master. */
    readonly options: RedisOptions,
    /** A test's connection to the current master. */
    readonly client: Redis,
    /** A test's connections to each sentinel. */
    private readonly sentinels: readonly Redis[],
    private readonly processes: readonly ChildProcess[],
    /** The ports of the sentinels. */
    readonly ports: readonly number[],
  ) {}

  /** @param password the password of the sentinels */
  static async start(password: string): Promise<RedisSentinels> {
    const master = await RedisServer.start();
    const replica = await RedisServer.start(['--replicaof', '127.0.0.1', `${master.port}`]);
    await waitFor(async () => (await replica.client.info('replication')).includes('master_link_status:up'));
    const processes: ChildProcess[] = [];
    const ports: number[] = [];
    for (let n = 0; n < SENTINELS; n++) {
      const port = await freePort();
      const dir = await temporaryFolder();
      const file = join(dir, 'sentinel.conf'); // a sentinel rewrites its configuration file
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
      processes.push(startProcess('redis-server', [file, '--sentinel'], { stdio: 'ignore' }));
      ports.push(port);
    }
    const endpoints = ports.map((port) => ({ host: '127.0.0.1', port }));
    const options = { sentinels: endpoints, name: MASTER_NAME, sentinelPassword: password };
    const client = redisClient({ ...options, sentinelRetryStrategy: () => 50 });
    const sentinels = endpoints.map((endpoint) => redisClient({ ...endpoint, password }));
    const url = `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(',')}/${MASTER_NAME}`;
    const all = new RedisSentinels(master, replica, url, options, client, sentinels, processes, ports);
    await all.agree();
    return all;
  }

  /** Waits until the replica has everything that `client` has written. */
  async replicated(): Promise<void> {
    if ((await this.client.wait(1, 10_000)) !== 1) throw new Error('the replica does not follow the master');
  }

  /** Promotes the replica to master, as an operator does. */
  async failOver(): Promise<void> {
    // A sentinel refuses while it has no recent news of the replica.
    await waitFor(
      async () => (await this.sentinels[0]!.call('SENTINEL', 'FAILOVER', MASTER_NAME)) === 'OK',
      'no failover begins',
    );
    await this.failedOver();
  }

  /**
   * Waits until every sentinel names the replica as the master. Only then is the failover complete
   * for clients that ask a sentinel: the replica itself reports its new role up to a few seconds
   * earlier.
   */
  async failedOver(): Promise<void> {
    for (const sentinel of this.sentinels) {
      await waitFor(
        async () => {
          const address = await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
          return Number((address as [string, string])[1]) === this.replica.port;
        },
        'no failover',
        30_000,
      );
    }
  }

  async stop(): Promise<void> {
    for (const client of [this.client, ...this.sentinels]) endRedisClient(client);
    for (const process of this.processes) await endProcess(process);
    await this.replica.stop();
    await this.master.stop();
  }

  /**
   * Waits until every sentinel knows the replica and the other sentinels. Otherwise it has no
   * server to fail over to.
   */
  private async agree(): Promise<void> {
    for (const sentinel of this.sentinels) {
      await waitFor(async () => {
        const info = await sentinel.info('sentinel');
        return info.includes(`slaves=1,sentinels=${SENTINELS}`);
      }, 'the sentinels do not find each other');
    }
  }
}
