import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** The Python of Debian, which has Debian's packages. */
export const PYTHON = '/usr/bin/python3';

/**
 * Builds the wheel of the Python client, and installs it as pip does.
 * @returns the folder for PYTHONPATH
 */
export async function installWheel(): Promise<string> {
  const folder = await temporaryFolder();
  // A copy, because setuptools builds in the folder of the sources.
  cpSync(join(__dirname, '../../../clients/python'), join(folder, 'source'), { recursive: true });
  pip(folder, 'wheel', './source', '--no-build-isolation', '--wheel-dir', 'built');
  const [wheel] = readdirSync(join(folder, 'built'));
  pip(folder, 'install', join('built', wheel!), '--target', 'installed');
  return join(folder, 'installed');
}

function pip(folder: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(
    PYTHON,
    ['-m', 'pip', ...args, '--no-deps', '--no-index', '--disable-pip-version-check'],
    { cwd: folder, env: { PATH: process.env.PATH, HOME: folder }, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`pip ${args.join(' ')}: ${stdout}${stderr}`);
}
