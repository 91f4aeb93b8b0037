import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alsoAsk } from './contract-check.js';
import { PacketCheck } from './packet-check.js';
import { temporaryFolder } from './temporary-folder.js';

/** Of one packet: whose, which way, and what; `!` is sent, and wrong on purpose. */
const LINE = /^(\S+) ([<>!]) (.*)$/s;

const PYTHON = join(__dirname, '../../clients/python/tests/recorded.py');
/** Of socket.io-client, by --import. */
export const RECORDER = join(__dirname, 'recorded.mjs');

/**
 * What programs write down of their clients, to be held against the AsyncAPI document: clients/python/tests/recorded.py
 * and recorded.mjs have them do so.
 */
export class Recording {
  private readonly clients = new Map<string, PacketCheck>();
  private readonly seen = new Set<string>();
  private offset = 0;

  private constructor(private readonly file: string) {}

  /** One that is asked after each test, while its programs run. */
  static async start(): Promise<Recording> {
    const recording = await Recording.open();
    alsoAsk(() => recording.check());
    return recording;
  }

  static async open(): Promise<Recording> {
    return new Recording(join(await temporaryFolder(), 'messages'));
  }

  /** How to run a program so; `env` belongs to it. */
  command(program: string, ...args: readonly string[]): [string, string[]] {
    return program.endsWith('.py')
      ? ['/usr/bin/python3', [PYTHON, program, ...args]]
      : [process.execPath, ['--import', RECORDER, program, ...args]];
  }

  /** For the programs. */
  get env(): { readonly RECORDED_MESSAGES: string } {
    return { RECORDED_MESSAGES: this.file };
  }

  /** Whole lines that were written since it was last asked. */
  lines(): string[] {
    if (!existsSync(this.file)) return [];
    const bytes = readFileSync(this.file).subarray(this.offset);
    const size = bytes.lastIndexOf('\n') + 1;
    this.offset += size;
    return bytes.toString('utf8', 0, size).split('\n').slice(0, -1);
  }

  /** Holds lines against the document. */
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

  /** Kinds of messages that it has seen, so that a test can say that it sees them; see PacketCheck. */
  kinds(): readonly string[] {
    this.check();
    return [...this.seen];
  }
}
