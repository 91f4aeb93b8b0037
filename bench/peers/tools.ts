import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Skipped } from './peer.js';

/** It is in the project's root, and this file in `dist/bench/peers`. */
export const TOOLS_SCRIPT = join(__dirname, '../../../scripts/bench-tools.mjs');

/**
 * The path of a program that `scripts/bench-tools.mjs` builds or fetches, or why this machine cannot
 * have it. The first time may take minutes.
 */
export async function benchTool(
  name: 'centrifugo' | 'uwebsockets' | 'send-loop',
): Promise<{ readonly path: string } | Skipped> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const { stdout } = spawn(process.execPath, [TOOLS_SCRIPT, name], { stdio: [...stdio] });
  return JSON.parse(await text(stdout)) as { readonly path: string } | Skipped;
}
