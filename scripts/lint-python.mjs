// `npm run lint:python` checks the Python client and examples with ruff. Without ruff it says so
// and succeeds, because a machine without Python can still work on the gateway. `--install` (used
// by .ci/run) first puts ruff into .cache/ if it is missing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const RUFF = 'ruff==0.17.6';
const folder = join(root, '.cache/ruff');

const run = (command, args, options) => spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
const works = (command) => run(command, ['--version'], { stdio: 'ignore' }).status === 0;
const find = () => [join(folder, 'bin/ruff'), 'ruff'].find(works);

function install() {
  const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  run(python, ['-m', 'pip', 'install', '--quiet', '--root-user-action=ignore', '--target', folder, RUFF]);
}

if (process.argv.includes('--install') && !find()) install();
const ruff = find();
if (ruff) {
  process.exit(run(ruff, ['check', '--quiet', '--no-cache', '.']).status ?? 1);
} else {
  console.log(
    `The Python files were not linted: ruff is not installed. Install it with "pip install ${RUFF}".`,
  );
}
