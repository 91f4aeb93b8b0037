import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../temporary-folder.js';

/**
 * Copies the build's files from `root`, with file modes that are too open or too strict, and adds
 * files that a build must not copy.
 */
export async function carelessCheckout(root: string): Promise<string> {
  const checkout = await temporaryFolder();
  const names = [
    'Dockerfile',
    '.dockerignore',
    'package.json',
    'package-lock.json',
    'clients/typescript/src',
    'nest-cli.json',
    'docs',
    'native',
    'ops',
    'scripts',
    'src',
    'tools',
    'web',
  ];
  for (const name of [...names, 'tsconfig.json', 'tsconfig.build.json']) {
    await cp(join(root, name), join(checkout, name), { recursive: true });
  }
  await chmod(join(checkout, 'scripts/healthcheck.mjs'), 0o600);
  await chmod(join(checkout, 'scripts/handshake-check.mjs'), 0o666);
  for (const secret of [
    '.env',
    '.npmrc',
    '.git/config',
    'node_modules/planted/index.js',
    'src/planted.spec.ts',
  ]) {
    await mkdir(join(checkout, secret, '..'), { recursive: true });
    await writeFile(join(checkout, secret), '// planted');
  }
  return checkout;
}
