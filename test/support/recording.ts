import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alsoAsk } from './contract-check.js';
import { PacketCheck } from './packet-check.js';
import { temporaryFolder } from './temporary-folder.js';

/** One packet: its client, direction and content. `!` marks a packet that is invalid on purpose. */
const LINE = /^(\S+) ([<>!]) (.*)$/s;

const PYTHON = join(__dirname, '../../clients/python/tests/recorded.py');
/** Records the messages of socket.io-client; loaded with --import. */
export const RECORDER = join(__dirname, 'recorded.mjs');

/**
 * The messages that programs record of their clients, to be checked against the AsyncAPI document.
 * clients/python/tests/recorded.py and recorded.mjs record them.
 */
export class Recording {
  private readonly clients = new Map<string, PacketCheck>();
  private readonly seen = new Set<string>();
  private offset = 0;

  private constructor(private readonly file: string) {}

  /** Starts a recording that is checked after each test, while its programs run. */
  static async start(): Promise<Recording> {
    const recording = await Recording.open();
    alsoAsk(() => recording.check());
    return recording;
  }

  static async open(): Promise<Recording> {
    return new Recording(join(await temporaryFolder(), 'messages'));
  }

  /** The command line that records a program. It needs `env` in its environment. */
  command(program: string, ...args: readonly string[]): [string, string[]] {
    return program.endsWith('.py')
      ? ['/usr/bin/python3', [PYTHON, program, ...args]]
      : [process.execPath, ['--import', RECORDER, program, ...args]];
  }

  /** The environment of the programs. */
  get env(): { readonly RECORDED_MESSAGES: string } {
    return { RECORDED_MESSAGES: this.file };
  }

  /** The complete lines that were written since the last call. */
  lines(): string[] {
    if (!existsSync(this.file)) return [];
    const bytes = readFileSync(this.file).subarray(this.offset);
    const size = bytes.lastIndexOf('\n') + 1;
    this.offset += size;
    return bytes.toString('utf8', 0, size).split('\n').slice(0, -1);
  }

  /** Checks lines against the document. */
  check(lines: readonly string[] = this.lines()): void {
    for (const line of lines) {
      const [, name, direction, packet] = LINE.exec(line) ?? [];
      if (name === undefined) throw new Error(`no line of a recording: ${line.slice(0, 200)}`);
      const client = this.clients.get(name) ?? new PacketCheck(this.seen);
      this.clients.set(name, client);
      client.contract.sendsInvalid = direction === '!';
      if (direction === '<') client.received(packet!);
      else client.sent(packet!);
    }
  }

  /**
   * The kinds of messages that were recorded, so that a test can check that there were any; see
   * PacketCheck.
   */
  kinds(): readonly string[] {
    this.check();
    return [...this.seen];
  }
}
