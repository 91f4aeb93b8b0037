// Provides promtool, which checks the chart's alerts and the metrics. It is taken from Debian's
// package `prometheus` without installing it, because an installation starts a server on port 9090.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import { cached, run } from './fetched-tools.mjs';

/** The path of promtool: that of an installed one, or of one that is downloaded once. */
export function promtool() {
  const installed = spawnSync('sh', ['-c', 'command -v promtool'], { encoding: 'utf8' }).stdout.trim();
  return installed || cached('promtool', unpack);
}

function unpack(folder) {
  // As root, apt-get changes to a user who may not write here, and warns about it.
  const download = ['download', '-q', '-o', 'APT::Sandbox::User=root', 'prometheus'];
  const attempt = () => spawnSync('apt-get', download, { cwd: folder, stdio: 'ignore' });
  // The lists of packages may be missing or old, as in Debian's images.
  if (attempt().status !== 0 && process.getuid?.() === 0) {
    run('apt-get', ['update', '-q'], folder);
    attempt();
  }
  const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (archive === undefined) {
    throw new Error(
      "promtool is missing, and Debian's package prometheus, which has it, cannot be downloaded.",
    );
  }
  run('dpkg', ['-x', archive, '.'], folder);
  return join(folder, 'usr/bin/promtool');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(promtool());
