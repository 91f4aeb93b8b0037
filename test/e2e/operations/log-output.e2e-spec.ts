import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanUp } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { UNDERLYING } from '../../support/platform.js';
import { startProcess } from '../../support/processes.js';
import { RedisServer } from '../../support/redis-server.js';
import { freePort, waitFor } from '../../support/wait.js';

const ROOT = join(__dirname, '../../..');
const MAIN = join(ROOT, 'dist/src/main.js');
const DROPPED = /^socket_gateway_log_lines_dropped_total (\d+)$/m;

let redis: RedisServer;
let published = 0;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.stop());

/**
 * A gateway whose output the test decides on, so that it cannot be known from its log that it
 * listens.
 */
class SilentGateway {
  private constructor(
    readonly process: ChildProcess,
    readonly url: string,
  ) {}

  static async start(stdout: number | 'pipe', stderr: number | 'pipe' = 'pipe'): Promise<SilentGateway> {
    const port = await freePort();
    const process = startProcess('node', [MAIN], {
      env: {
        PATH: globalThis.process.env.PATH,
        REDIS_URL: redis.url,
        HOST: '127.0.0.1',
        PORT: `${port}`,
        DRAIN_TIMEOUT_MS: '0',
        MAX_EVENT_LOOP_DELAY_MS: '0', // the machine may stall
        LOG_LEVEL: 'debug', // a line for each broadcast
      },
      stdio: ['ignore', stdout, stderr],
    });
    const gateway = new SilentGateway(process, `http://127.0.0.1:${port}`);
    await waitFor(() => gateway.serves(), 'the gateway does not serve', 30_000);
    return gateway;
  }

  async serves(): Promise<boolean> {
    return (await this.get('/health/ready')).status === 200;
  }

  get(path: string): Promise<Response> {
    const signal = AbortSignal.timeout(5_000);
    return fetch(this.url + path, { signal, headers: { accept: 'text/plain' } });
  }

  async dropped(): Promise<number> {
    return Number(DROPPED.exec(await (await this.get('/metrics')).text())?.[1]);
  }

  /** Has it log a line for each of these messages. */
  async logALot(): Promise<void> {
    const messages = redis.client.pipeline();
    for (let n = 0; n < 1_000; n++)
      messages.publish(UNDERLYING, JSON.stringify(underlying('A', ++published)));
    await messages.exec();
  }

  async stop(): Promise<number | null> {
    const exited = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await exited;
    return this.process.exitCode;
  }
}

describe('a log that cannot be written', () => {
  it('on a full disk is dropped and counted, and the gateway serves and stops', async () => {
    const disk = await open('/dev/full', 'w');
    cleanUp(() => disk.close());
    const gateway = await SilentGateway.start(disk.fd, disk.fd);
    await gateway.logALot();
    await waitFor(async () => (await gateway.dropped()) > 50, 'no line was dropped');
    expect(await gateway.serves()).toBe(true);
    expect(await gateway.stop()).toBe(0);
  });

  it('into a pipe that is never read is dropped and counted, and the gateway serves and stops', async () => {
    const gateway = await SilentGateway.start('pipe');
    gateway.process.stdout!.pause();
    await waitFor(
      async () => {
        await gateway.logALot();
        return (await gateway.dropped()) > 0;
      },
      'no line was dropped',
      60_000,
    );
    expect(await gateway.serves()).toBe(true);
    expect(await gateway.stop()).toBe(0);
  });

  it('into a pipe whose reader has gone is dropped and counted, and the gateway serves and stops', async () => {
    const gateway = await SilentGateway.start('pipe');
    gateway.process.stdout!.destroy();
    await gateway.logALot();
    await waitFor(async () => (await gateway.dropped()) > 0, 'no line was dropped');
    expect(await gateway.serves()).toBe(true);
    expect(await gateway.stop()).toBe(0);
  });
});

it('a failed start whose message cannot be written still ends with 1', async () => {
  const disk = await open('/dev/full', 'w');
  cleanUp(() => disk.close());
  const failing = startProcess('node', [MAIN], {
    env: { PATH: process.env.PATH, PORT: 'none' },
    stdio: ['ignore', disk.fd, disk.fd],
  });
  await once(failing, 'exit');
  expect(failing.exitCode).toBe(1);
});

it('the last line of the log arrives, however much is before it', async () => {
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, LOG_LEVEL: 'trace' });
  await Promise.all(Array.from({ length: 500 }, async () => (await gateway.get('/nowhere')).text()));
  expect(await gateway.stop()).toBe(0);
  await waitFor(() => gateway.logged('socket_gateway_stopped'), 'the last line is missing');
});

it('SIGTERM to npm alone stops the gateway in good order', async () => {
  const port = await freePort();
  const npm = startProcess('npm', ['start'], {
    cwd: ROOT,
    detached: true, // a group of its own, of which nothing is left behind
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redis.url,
      HOST: '127.0.0.1',
      PORT: `${port}`,
      DRAIN_TIMEOUT_MS: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanUp(() => {
    try {
      process.kill(-npm.pid!, 'SIGKILL');
    } catch {
      // Nothing is left.
    }
  });
  let output = '';
  npm.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await waitFor(() => output.includes('"socket_gateway_listening"'), 'the gateway does not listen', 30_000);
  const ended = once(npm, 'close');
  npm.kill('SIGTERM');
  await waitFor(() => output.includes('"socket_gateway_stopped"'), 'the gateway was not stopped');
  await ended;
  await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow();
});
