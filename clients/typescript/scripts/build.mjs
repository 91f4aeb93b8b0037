// Builds the package: copies the contract, then compiles ES modules and CommonJS, each with types,
// with tsc.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

function run(...args) {
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
run('scripts/copy-contract.mjs');
run(tsc, '-p', 'tsconfig.esm.json');
run(tsc, '-p', 'tsconfig.cjs.json');
// The package's files are ES modules, except for these.
writeFileSync(join(root, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n');
