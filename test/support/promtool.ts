import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = join(__dirname, '../../scripts/promtool.mjs');

let program: string | undefined;

/** Runs Prometheus' own checks. The first run may download promtool. */
export function promtool(args: readonly string[], input?: string): { status: number | null; said: string } {
  program ??= execFileSync(process.execPath, [SCRIPT], { encoding: 'utf8', timeout: 300_000 }).trim();
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', input });
  if (error) throw error;
  return { status, said: `${stdout}${stderr}` };
}
