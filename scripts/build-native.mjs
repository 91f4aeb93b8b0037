// Compiles the optional addon of the fan-out engine into dist/native/. Without a C compiler, or on
// another system than Linux, the gateway works without it, and writes to each client separately.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** The program and its first arguments, such as in `CC="ccache gcc"`. */
export const COMPILER = (process.env.CC || 'cc').trim().split(/\s+/);
const [compiler, ...first] = COMPILER;

/** The addon, relative to the root of the project. */
export const ADDON = 'dist/native/batch-send.node';

/** Why the addon cannot be compiled on this machine, or undefined. */
export function cannotCompileBecause() {
  if (process.platform !== 'linux') return `the system is ${process.platform}, not Linux`;
  const check = [...first, '-fsyntax-only', '-x', 'c', '-'];
  const { error, status } = spawnSync(compiler, check, {
    input: '#include <stdlib.h>\n#include <sys/socket.h>\n',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  if (error) return `there is no C compiler (${compiler})`;
  return status === 0 ? undefined : `the C compiler (${compiler}) finds no headers of the C library`;
}

function compile(output) {
  const { include_dir: headers } = createRequire(import.meta.url)('node-api-headers');
  const { status, stderr } = spawnSync(
    compiler,
    [
      ...first,
      ...['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'],
      ...['-D_GNU_SOURCE', '-fstack-protector-strong', '-Wl,-z,relro,-z,now'],
      ...['-isystem', headers, '-o', output, join(root, 'native/batch-send.c')],
    ],
    { encoding: 'utf8' },
  );
  return status === 0 ? undefined : `${compiler} failed:\n${stderr}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const output = join(root, ADDON);
  mkdirSync(dirname(output), { recursive: true });
  rmSync(output, { force: true });
  const problem = cannotCompileBecause() ?? compile(output);
  if (problem !== undefined) console.log(`The addon of the fan-out engine was not built: ${problem}`);
}
