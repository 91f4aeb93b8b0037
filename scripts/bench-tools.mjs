// Provides the programs of the benchmark that no package of the system has: it builds or fetches
// them into `.cache/` when a scenario needs them for the first time. Prints the path of the program
// that its argument names, or why this machine cannot have it, as JSON. `versions` prints their
// versions instead.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cannotCompileBecause, COMPILER } from './build-native.mjs';
import { cached, extract } from './fetched-tools.mjs';
import { root } from './prepare.mjs';

/** Go checks the module and what it imports against its public checksum database. */
const CENTRIFUGO = { module: 'github.com/centrifugal/centrifugo/v6', version: '6.9.1' };

/**
 * The official package of uWebSockets.js is only on GitHub. This build of it is the one that Ganache
 * uses. Only this package is accepted. One with other content is rejected.
 */
const UWEBSOCKETS = {
  version: '20.30.0',
  spec: '@trufflesuite/uws-js-unofficial@20.30.0-unofficial.0',
  integrity:
    'sha512-r5X0aOQcuT6pLwTRLD+mPnAM/nlKtvIK4Z+My++A8tTOR0qTjNRx8UB8jzRj3D+p9PMAp5LnpCUUGmz7/TppwA==',
  /** The versions of Node's binary interface that it has a binary for: Node 16, 18 and 20. */
  interfaces: ['93', '108', '115'],
  architectures: ['x64', 'arm64'],
};

const SEND_LOOP = join(root, 'bench/peers/send-loop.c');

const TOOLS = {
  centrifugo() {
    const { module, version } = CENTRIFUGO;
    if (spawnSync('go', ['version']).status !== 0) return { skipped: 'no go on the PATH' };
    const path = cached(`centrifugo-${version}`, (folder) => {
      console.error(`building Centrifugo ${version}, which takes minutes`);
      check('go', ['install', `${module}@v${version}`], { GOBIN: folder, GOTOOLCHAIN: 'local' });
      return join(folder, 'centrifugo');
    });
    return { path };
  },

  uwebsockets() {
    const { version, interfaces, architectures, ...source } = UWEBSOCKETS;
    const { platform, arch, versions } = process;
    const build = `${platform}_${arch}_${versions.modules}`;
    if (platform !== 'linux' || !architectures.includes(arch) || !interfaces.includes(versions.modules)) {
      return { skipped: `uWebSockets.js ${version} has no binary for ${build} (Node.js ${versions.node})` };
    }
    const path = cached(`uwebsockets-${version}-${build}.node`, (folder) =>
      extract(source, `binaries/uws_${build}.node`, folder),
    );
    return { path };
  },

  'send-loop'() {
    const problem = cannotCompileBecause();
    if (problem !== undefined) return { skipped: problem };
    const digest = createHash('sha256').update(readFileSync(SEND_LOOP)).digest('hex');
    const path = cached(`send-loop-${digest.slice(0, 12)}`, (folder) => {
      const output = join(folder, 'send-loop');
      const [compiler, ...first] = COMPILER;
      const warnings = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE'];
      check(compiler, [...first, ...warnings, '-o', output, SEND_LOOP]);
      return output;
    });
    return { path };
  },
};

/** Runs a command. Throws the end of its output if it fails. */
function check(command, args, env = {}) {
  const { status, error, stderr } = spawnSync(command, args, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} failed: ${stderr.trim().split('\n').at(-1)}`);
}

const [name] = process.argv.slice(2);
try {
  if (name === 'versions') {
    console.log(`Centrifugo ${CENTRIFUGO.version}, uWebSockets.js ${UWEBSOCKETS.version}`);
  } else console.log(JSON.stringify(TOOLS[name]()));
} catch (error) {
  // Without a network, for example.
  console.log(JSON.stringify({ skipped: error.message }));
}
