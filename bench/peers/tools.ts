import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Skipped } from './peer.js';

/** The project's root, from `dist/bench/peers`. */
const ROOT = join(__dirname, '../../..');

/**
 * The path of a program that `scripts/bench-tools.mjs` builds or fetches, or why this machine cannot
 * have it. The first time may take minutes.
 */
export async function benchTool(
  name: 'centrifugo' | 'uwebsockets' | 'send-loop',
): Promise<{ readonly path: string } | Skipped> {
  const script = join(ROOT, 'scripts/bench-tools.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, name]);
  return JSON.parse(stdout) as { readonly path: string } | Skipped;
}
