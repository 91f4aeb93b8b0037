import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { throwawayArgs } from '../../tools/private-redis.js';
import { cleanUp } from './cleanup.js';
import { endProcess, startProcess } from './processes.js';
import { endRedisClient, redisClient } from './redis-client.js';
import { freePort, waitFor } from './wait.js';

/** A private Redis of the test's own: nothing shared, nothing left behind. */
export class RedisServer {
  private constructor(
    readonly port: number,
    readonly url: string,
    /** A connection for the test to publish, look and meddle with. */
    readonly client: Redis,
    private readonly dir: string,
    private process: ChildProcess,
    private readonly args: readonly string[],
  ) {}

  /** @param extra further arguments of redis-server */
  static async start(extra: readonly string[] = [], password?: string): Promise<RedisServer> {
    const port = await freePort();
    const dir = await mkdtemp(join(tmpdir(), 'gateway-redis-'));
    const args = [...throwawayArgs(port, dir), ...extra];
    if (password !== undefined) args.push('--requirepass', password);
    const url =
      password === undefined ? `redis://127.0.0.1:${port}/0` : `redis://:${password}@127.0.0.1:${port}/0`;
    const process = launch(args);
    const client = redisClient({
      host: '127.0.0.1',
      port,
      password,
      disconnectTimeout: 100, // which ioredis waits where the connection has gone already
    });
    const server = new RedisServer(port, url, client, dir, process, args);
    cleanUp(() => server.stop());
    await client.ping();
    return server;
  }

  /** Ends the server as a crash does; `restart` brings an empty one back on the same port. */
  async kill(): Promise<void> {
    await endProcess(this.process);
  }

  /** Has it answer nothing, with its connections open, until `thaw`. */
  freeze(): void {
    this.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.process.kill('SIGCONT');
  }

  async restart(): Promise<void> {
    this.process = launch(this.args);
    await waitFor(async () => (await this.client.ping()) === 'PONG');
  }

  async stop(): Promise<void> {
    endRedisClient(this.client);
    await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }
}

function launch(args: readonly string[]): ChildProcess {
  return startProcess('redis-server', args, { stdio: 'ignore' });
}
