// Prepares the project for the other scripts: installs the packages if the lock file has changed,
// and builds `dist/` if a source is newer. It uses only Node, so that it works in a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILDS, root, staleBecause } from './builds.mjs';

export { root };

/** Runs a command of the project; ends this process with its code if it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

export function prepare() {
  if (modified(join(root, 'node_modules/.package-lock.json')) < modified(join(root, 'package-lock.json'))) {
    // Only errors, because a reader who just wants to run the gateway cannot act on npm's warnings
    // about its packages.
    run('npm', [
      'ci',
      '--include=dev',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      '--no-update-notifier',
    ]);
  }
  for (const build of Object.values(BUILDS)) {
    if (staleBecause(build) !== undefined) run('npm', ['run', '--silent', build.script]);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepare();
