import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { startProcess } from './processes.js';
import { waitFor } from './wait.js';

/** A program that a test runs until the program or the test ends. */
export class Command {
  output = '';
  private readonly exited: Promise<unknown>;

  constructor(
    readonly process: ChildProcess,
    private readonly line: string,
  ) {
    this.exited = once(process, 'close');
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  static spawn(command: string, args: readonly string[], options: SpawnOptions = {}): Command {
    const child = startProcess(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    return new Command(child, [command, ...args].join(' '));
  }

  async exit(): Promise<number | null> {
    await this.exited;
    return this.process.exitCode;
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.process.exitCode === null) this.process.kill(signal);
    return this.exit();
  }

  /**
   * Waits for a condition that the program brings about. Fails at once, with the program's output,
   * if the program ends before.
   */
  async until(condition: () => unknown): Promise<void> {
    await waitFor(
      async () => this.process.exitCode !== null || (await condition()),
      () => `${this.line} is not ready: ${this.output}`,
      30_000,
    );
    if (this.process.exitCode !== null) throw new Error(`${this.line} ended: ${this.output}`);
  }
}
