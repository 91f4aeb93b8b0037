import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../temporary-folder.js';

export interface NpmSettings {
  /** Files that a build step finds in `/run`, and that no image contains. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

const PROXIES = /^(https?|no)_proxy$/i;

/**
 * How npm on this machine reaches its registry: mirror, proxy and certificate authority. A build
 * needs the settings, but must not keep them.
 */
export async function makeNpmSettings(): Promise<NpmSettings> {
  const folder = await temporaryFolder();
  const asked = ['registry', 'cafile', 'userconfig', 'globalconfig'];
  const lines = execFileSync('npm', ['config', 'get', ...asked], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const settings = new Map(
    lines.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const env: Record<string, string> = { npm_config_registry: settings.get('registry')! };
  const files = {
    npm_config_cafile: settings.get('cafile'),
    npm_config_userconfig: settings.get('userconfig'),
    npm_config_globalconfig: settings.get('globalconfig'),
    NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS,
  };
  for (const [name, file] of Object.entries(files)) {
    if (!file || !existsSync(file)) continue;
    await copyFile(file, join(folder, name));
    env[name] = `/run/${name}`;
  }
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && PROXIES.test(name)) env[name] = value;
  }
  return { folder, env };
}
