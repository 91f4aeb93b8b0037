import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startProcess } from './processes.js';
import { waitFor } from './wait.js';

export interface LogLine {
  readonly msg?: string;
  readonly level?: number;
  readonly [field: string]: unknown;
}

const MAIN = join(__dirname, '../../dist/src/main.js');

/**
 * The built gateway as operators run it: a separate process, configured only by its environment.
 */
export class GatewayProcess {
  readonly logs: LogLine[] = [];
  stderr = '';
  private readonly exited: Promise<unknown>;

  private constructor(private readonly process: ChildProcess) {
    this.exited = once(process, 'exit');
    // Only whole lines: the gateway ends without waiting long for a reader that is too slow.
    let rest = '';
    process.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.logs.push(JSON.parse(line) as LogLine);
    });
    process.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** Starts the process on a free port, without waiting for it. */
  static spawn(env: Readonly<Record<string, string>>): GatewayProcess {
    const child = startProcess(process.execPath, [MAIN], {
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        HOST: '127.0.0.1',
        NODE_ENV: 'test',
        DRAIN_TIMEOUT_MS: '0', // most tests end with clients connected
        MAX_EVENT_LOOP_DELAY_MS: '0', // the machine may stall, and other tests cover this limit
        STALE_AFTER_MS: '3600000', // the feed of a slow test must not become stale either
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new GatewayProcess(child);
  }

  /** Starts the process, and waits until it listens. */
  static async start(env: Readonly<Record<string, string>>): Promise<GatewayProcess> {
    const gateway = GatewayProcess.spawn(env);
    await gateway.listening();
    return gateway;
  }

  async listening(): Promise<void> {
    await waitFor(
      () => {
        if (this.exitCode !== null) throw new Error(`it exited with ${this.exitCode}: ${this.stderr}`);
        return this.logged('socket_gateway_listening');
      },
      'the gateway does not listen',
      30_000,
    );
  }

  /** Waits until the gateway is ready for clients. */
  async ready(): Promise<void> {
    await waitFor(
      async () => (await this.get('/health/ready')).status === 200,
      () => `the gateway is not ready: ${JSON.stringify(this.logs.slice(-3))}`,
    );
  }

  get port(): number {
    return this.logged('socket_gateway_listening')?.port as number;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The URL of the port that `ADMIN_PORT` opens. */
  get adminUrl(): string {
    return `http://127.0.0.1:${this.logged('admin_listening')?.port as number}`;
  }

  get pid(): number {
    return this.process.pid!;
  }

  get exitCode(): number | null {
    return this.process.exitCode;
  }

  logged(msg: string): LogLine | undefined {
    return this.logs.find((line) => line.msg === msg);
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url + path, { headers });
  }

  async json<T = Record<string, unknown>>(path: string): Promise<T> {
    return (await this.get(path)).json() as Promise<T>;
  }

  /**
   * The value of a Prometheus sample such as
   * `socket_gateway_feed_rejected_total{reason="not_json"}`; 0 if absent.
   * @param adminToken of a gateway with an admin port and a token
   */
  async metric(sample: string, adminToken?: string): Promise<number> {
    const headers = { accept: 'text/plain', ...(adminToken && { authorization: `Bearer ${adminToken}` }) };
    const url = adminToken === undefined ? this.url : this.adminUrl;
    const text = await (await fetch(`${url}/metrics`, { headers })).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
    return line === undefined ? 0 : Number(line.slice(sample.length + 1));
  }

  /** Sends a signal, and does not wait. */
  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Stops the gateway and returns its exit code, or `null` if a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill(signal);
      await this.exited;
    }
    return this.process.exitCode;
  }

  /** Waits until the process ends by itself. */
  async exit(): Promise<number | null> {
    await this.exited;
    return this.process.exitCode;
  }
}
