import { join } from 'node:path';
import { Command } from '../../support/command.js';

const ATTACKER = join(__dirname, 'attacker.mjs');

/** What the attacker's process can do; see there. */
export type AttackName =
  | 'silent'
  | 'headers'
  | 'bodies'
  | 'frames'
  | 'deaf'
  | 'polling handshakes'
  | 'websocket handshakes'
  | 'clients'
  | 'batches'
  | 'product lists'
  | 'snapshots'
  | 'wide chains'
  | 'nested payloads';

export interface AttackOptions {
  readonly port: number;
  /** Connections at most. */
  readonly count: number;
  /** How long it lasts. */
  readonly ms: number;
  /** Where it comes from, an address of this machine. */
  readonly address?: string;
}

export interface AttackFigures {
  readonly tried: number;
  readonly opened: number;
  /** Handshakes that were answered with a session. */
  readonly letIn: number;
  /** Handshakes that were not, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Connections that the gateway ended, though they were let in or had asked for nothing. */
  readonly cut: number;
  /** How long each of those lasted. */
  readonly cutAfterMs: readonly number[];
  /** Connections that sent all their requests and waited for the answers; the last of each lane may have no time left. */
  readonly asked: number;
}

/** Attacks from a process of its own; ends when it does. */
export async function attack(name: AttackName, options: AttackOptions): Promise<AttackFigures> {
  const attacker = Command.spawn(process.execPath, [ATTACKER, JSON.stringify({ attack: name, ...options })]);
  const exit = await attacker.exit();
  if (exit !== 0) throw new Error(`the attacker ended with ${exit}: ${attacker.output}`);
  return JSON.parse(attacker.output) as AttackFigures;
}
