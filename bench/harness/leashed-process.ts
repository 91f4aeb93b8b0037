import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Prints the program's process id. Ends the program and removes its folder when its own standard
 * input closes, which happens when the benchmark ends for any reason.
 */
const LEASH = [
  '"$@" >"$FOLDER/log" 2>&1 </dev/null & server=$!',
  'echo "$server"',
  'cat >/dev/null',
  'kill -s "$END" "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$FOLDER"',
].join('\n');

export interface LeashOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The signal that ends it. A program with children must be able to end them. */
  readonly endSignal?: 'KILL' | 'TERM';
}

/**
 * A server process of the benchmark. Its output goes to a file, so that reading it costs no CPU
 * during the measurement.
 */
export class LeashedProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly pid: number,
    readonly dir: string,
  ) {}

  /** @param dir a separate folder, which is removed with the server */
  static async start(
    command: readonly string[],
    dir: string,
    options: LeashOptions = {},
  ): Promise<LeashedProcess> {
    // In a separate process group, because Ctrl-C must reach only the benchmark, which then ends
    // the server.
    const child = spawn('sh', ['-c', LEASH, 'sh', ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH, FOLDER: dir, END: options.endSignal ?? 'TERM', ...options.env },
      detached: true,
    });
    const lines = createInterface({ input: child.stdout });
    const line = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
    lines.close();
    return new LeashedProcess(child, Number(line[0]), dir);
  }

  static folder(name: string): Promise<string> {
    return mkdtemp(join(tmpdir(), `gateway-bench-${name}-`));
  }

  get isRunning(): boolean {
    return existsSync(`/proc/${this.pid}`);
  }

  /** The output so far. Empty while the shell has not created the file yet. */
  log(): Promise<string> {
    return readFile(join(this.dir, 'log'), 'utf8').catch(() => '');
  }

  /** Calls `ready` every few milliseconds until it returns a value. */
  async until<T>(ready: () => Promise<T | undefined>, what: string, timeoutMs = 30_000): Promise<T> {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await delay(10)) {
      const answer = await ready();
      if (answer !== undefined) return answer;
      if (!this.isRunning) break;
    }
    const log = await this.log();
    await this.stop();
    throw new Error(`${what}: ${log.slice(-2000)}`);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.stdin?.end();
      await exited;
    }
    await rm(this.dir, { recursive: true, force: true });
  }
}
