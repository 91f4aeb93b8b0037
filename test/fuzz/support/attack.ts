import { join } from 'node:path';
import { Command } from '../../support/command.js';

const ATTACKER = join(__dirname, 'attacker.mjs');

/** The attacks that the attacker's process can run; see attacker.mjs. */
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
  /** The maximum number of connections. */
  readonly count: number;
  /** The duration of the attack. */
  readonly ms: number;
  /** The local address that the attack comes from. */
  readonly address?: string;
}

export interface AttackFigures {
  readonly tried: number;
  readonly opened: number;
  /** The number of handshakes that created a session. */
  readonly letIn: number;
  /** The number of rejected handshakes by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /**
   * The number of connections that the gateway closed, although they had been accepted or had sent
   * no request.
   */
  readonly cut: number;
  /** The duration of each of those connections. */
  readonly cutAfterMs: readonly number[];
  /**
   * Connections that sent all their requests and waited for the answers; the last of each lane may
   * have no time left.
   */
  readonly asked: number;
}

/** Runs an attack in a separate process, and returns when it has ended. */
export async function attack(name: AttackName, options: AttackOptions): Promise<AttackFigures> {
  const attacker = Command.spawn(process.execPath, [ATTACKER, JSON.stringify({ attack: name, ...options })]);
  const exit = await attacker.exit();
  if (exit !== 0) throw new Error(`the attacker ended with ${exit}: ${attacker.output}`);
  return JSON.parse(attacker.output) as AttackFigures;
}
