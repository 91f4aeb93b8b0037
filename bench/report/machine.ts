import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { versionOf } from '../peers/node-servers.js';
import { TOOLS_SCRIPT } from '../peers/tools.js';

const MODULES = join(__dirname, '../../../node_modules');

/** The hardware and software of the measurement, one line each. */
export function machineLines(): string[] {
  const [cpu] = cpus();
  return [
    `${cpu?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB of memory`,
    `Linux ${release()}, Node.js ${process.versions.node}`,
    ['socket.io', '@socket.io/redis-adapter', 'ioredis', 'ws'].map(packageVersion).join(', '),
    [
      versionOf('redis-server', '--version')?.replace(/ sha=.*/, ''),
      versionOf('nats-server', '--version'),
      versionOf('nginx', '-v'),
      debianVersion('libnginx-mod-nchan'),
      versionOf(process.execPath, TOOLS_SCRIPT, 'versions'),
      versionOf('go', 'version'),
      versionOf('cc', '--version')?.split('\n')[0],
    ]
      .filter((line) => line !== undefined)
      .join(', '),
  ];
}

function packageVersion(name: string): string {
  const manifest = readFileSync(join(MODULES, name, 'package.json'), 'utf8');
  return `${name} ${/"version": "([^"]+)"/.exec(manifest)?.[1] ?? '?'}`;
}

function debianVersion(name: string): string | undefined {
  try {
    const status = readFileSync('/var/lib/dpkg/status', 'utf8');
    const entry = status.split('\n\n').find((each) => each.startsWith(`Package: ${name}\n`));
    const version = entry && /^Version: (.+)$/m.exec(entry)?.[1];
    return version === undefined ? undefined : `${name} ${version}`;
  } catch {
    return undefined;
  }
}
