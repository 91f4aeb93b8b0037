import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { throwawayArgs } from '../../tools/private-redis.js';
import { cleanUp } from './cleanup.js';
import { endProcess, startProcess } from './processes.js';
import { endRedisClient, redisClient } from './redis-client.js';
import { freePort, waitFor } from './wait.js';

/** A free port may be taken by another process before the server listens there. */
const ATTEMPTS = 3;

/** A private Redis of the test, which leaves nothing behind. */
export class RedisServer {
  private constructor(
    readonly port: number,
    readonly url: string,
    /** A connection with which the test publishes, inspects and interferes. */
    readonly client: Redis,
    private readonly dir: string,
    private process: ChildProcess,
    private readonly args: readonly string[],
  ) {}

  /** @param extra further arguments of redis-server */
  static async start(extra: readonly string[] = [], password?: string): Promise<RedisServer> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const server = await RedisServer.launch(extra, password);
      if (await server.isUp()) return server;
      await server.stop();
    }
    throw new Error(`redis-server did not start: ${extra.join(' ')}`);
  }

  private static async launch(extra: readonly string[], password?: string): Promise<RedisServer> {
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
      disconnectTimeout: 100, // how long ioredis waits if the connection is gone already
    });
    const server = new RedisServer(port, url, client, dir, process, args);
    cleanUp(() => server.stop());
    return server;
  }

  /** Kills the server like a crash. `restart` starts an empty one on the same port. */
  async kill(): Promise<void> {
    await endProcess(this.process);
  }

  /** Stops the server from replying until `thaw`, with its connections open. */
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

  /** Whether this process answers on its port. It ends if it cannot have one of its ports. */
  private async isUp(): Promise<boolean> {
    const { process, client } = this;
    if (process.exitCode !== null) return false;
    const ended = once(process, 'exit').then(() => false);
    const answers = client.info('server').then(
      (info) => info.includes(`process_id:${process.pid}\r\n`),
      () => false,
    );
    return Promise.race([ended, answers]);
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
