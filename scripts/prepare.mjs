// Makes what the other scripts run: installs the packages where the lock file has changed, and builds `dist/` where a
// source is newer. Uses nothing but Node, so that it works on a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Runs a command of the project; ends this process with its code if it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function newest(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, modified(join(entry.parentPath, entry.name))), 0);
}

export function prepare() {
  if (modified(join(root, 'node_modules/.package-lock.json')) < modified(join(root, 'package-lock.json'))) {
    run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund']);
  }
  const sources = Math.max(
    newest(join(root, 'src')),
    newest(join(root, 'tools')),
    newest(join(root, 'bench')),
    ...['package.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'docs/asyncapi.json'].map(
      (file) => modified(join(root, file)),
    ),
  );
  if (modified(join(root, 'dist/src/main.js')) < sources) run('npm', ['run', '--silent', 'build']);
  const client = join(root, 'clients/typescript');
  const clientSources = Math.max(
    ...['src', 'scripts'].map((folder) => newest(join(client, folder))),
    ...['package.json', 'tsconfig.json', 'tsconfig.esm.json', 'tsconfig.cjs.json'].map((file) =>
      modified(join(client, file)),
    ),
  );
  if (modified(join(client, 'dist/cjs/package.json')) < clientSources)
    run('npm', ['run', '--silent', 'build:clients']);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepare();
