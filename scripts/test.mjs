// `npm test` runs everything that a fresh machine can run. It installs the packages, builds,
// installs the programs that the tests need (a real Redis, Chromium, nginx, python-socketio) if it
// may, runs every suite, and prints the counts.
//
// `npm test -- ARGS` passes ARGS to Jest, and `npm run test:quick` runs the fast tests. Every test
// runs once, with the Node.js of the image; `npm test` then runs those fast tests that depend on
// Node.js with the installed one as well. With `NODE_UNDER_TEST=installed`, the installed one runs
// everything. Only `--rerun-failed`, which `.ci/run` uses, runs failed files once more, separately,
// if there are at most three, and reports the first failures at the end.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { environmentFor, nodesUnderTest } from './node-under-test.mjs';
import { prepare, root } from './prepare.mjs';
import { rerunFailed } from './rerun-failed.mjs';
import { JEST, runJest } from './run-jest.mjs';
import { endReport } from './test-report.mjs';

/**
 * The time limit of each batch in minutes, because a suite that hangs must not use up the 90
 * minutes of a CI machine.
 */
const MINUTES = { chosen: 60, most: 50, chaos: 15, fuzz: 15, quick: 15, rerun: 15 };

/** Maps each Debian package to a check whether it is installed. */
const needs = {
  'redis-server': () => onPath('redis-server'),
  chromium: () => existsSync('/usr/bin/chromium'),
  nginx: () => onPath('nginx'),
  gcc: () => onPath('cc'),
  'libc6-dev': () => existsSync('/usr/include/stdlib.h'),
  openssl: () => onPath('openssl'),
  'python3-socketio': () => succeeds('/usr/bin/python3', ['-c', 'import socketio']),
  'python3-requests': () => succeeds('/usr/bin/python3', ['-c', 'import requests']),
  'python3-websocket': () => succeeds('/usr/bin/python3', ['-c', 'import websocket']),
  'python3-msgpack': () => succeeds('/usr/bin/python3', ['-c', 'import msgpack']),
  'python3-aiohttp': () => succeeds('/usr/bin/python3', ['-c', 'import aiohttp']),
  'python3-pandas': () => succeeds('/usr/bin/python3', ['-c', 'import pandas']),
  'python3-pip': () => succeeds('/usr/bin/python3', ['-c', 'import pip']),
  'python3-setuptools': () => succeeds('/usr/bin/python3', ['-c', 'import setuptools']),
  'python3-wheel': () => succeeds('/usr/bin/python3', ['-c', 'import wheel']),
  mypy: () => succeeds('/usr/bin/python3', ['-c', 'import mypy']),
};

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function onPath(program) {
  return succeeds('sh', ['-c', `command -v ${program}`]);
}

function missing() {
  return Object.keys(needs).filter((name) => !needs[name]());
}

function installPrograms() {
  const wanted = missing();
  if (wanted.length === 0) return;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    console.error(`These tests need ${wanted.join(', ')}; install them, or run as root on Debian.`);
    process.exit(1);
  }
  console.log(`Installing ${wanted.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Debian starts a service after the installation. The tests start their own, on other ports.
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...wanted);
  const still = missing();
  if (still.length > 0) {
    console.error(`Could not install ${still.join(', ')}.`);
    process.exit(1);
  }
}

installPrograms(); // the build uses the compiler
prepare();

/** Unit tests and the contract. Only the contract starts a gateway process. */
const PROGRAM_FILES = [
  ...['./src/', './tools/', './bench/', './clients/typescript/src/'],
  ...['/contract\\.e2e-spec', '/asyncapi\\.e2e-spec'],
];
/** These, and the rendered chart, which is the same with every Node.js. */
const QUICK_FILES = [...PROGRAM_FILES, './test/helm/(?!handshake-check|lifecycle)'];
const JEST_PROGRAM = join(root, 'node_modules/jest/bin/jest.js');

const { main, installed, why } = nodesUnderTest(process.env.NODE_UNDER_TEST);

/** Runs Jest with this Node.js, with a limit of `minutes`. Resolves to the outcome of each file. */
async function jest(node, minutes, args) {
  const options = { cwd: root, timeout: minutes * 60_000, node: node.program, env: environmentFor(node) };
  const outcomes = await runJest(JEST_PROGRAM, args, options);
  for (const outcome of outcomes.values()) outcome.node = node.version;
  return outcomes;
}

const RERUN_FAILED = '--rerun-failed';
const QUICK = '--quick';
const given = process.argv.slice(2);
const chosen = given.filter((argument) => argument !== RERUN_FAILED && argument !== QUICK);
// Most of these tests wait for something: three at a time keep two processors busy.
const workers = `--maxWorkers=${Math.max(3, availableParallelism() - 1)}`;
// The chaos suite wants the machine for itself, and so does each file of the fuzz suite.
const everything = chosen.length === 0 && !given.includes(QUICK);
const batches =
  chosen.length > 0
    ? [[main, MINUTES.chosen, ...chosen]]
    : given.includes(QUICK)
      ? [[main, MINUTES.chosen, workers, ...QUICK_FILES]]
      : [
          [main, MINUTES.most, workers, '--selectProjects', 'unit', 'e2e', 'helm', 'clients', 'cluster'],
          [main, MINUTES.chaos, '--selectProjects', 'chaos'],
          [main, MINUTES.fuzz, '--selectProjects', 'fuzz', '--runInBand'],
          ...(installed ? [[installed, MINUTES.quick, workers, ...PROGRAM_FILES]] : []),
        ];
const also =
  everything && installed ? `, and Node.js ${installed.version} the quick ones of the programs again` : '';
console.log(`Node.js ${main.version} runs these tests${also}${why ? `. ${why}` : ''}`);

/** Maps a name for each run of a file to its outcome: the path, if `main` ran it. */
const files = new Map();
/** Maps that name to the path and to the Node.js that ran it. */
const runs = new Map();
let withoutFile = 0;
for (const [node, minutes, ...args] of batches) {
  for (const [path, outcome] of await jest(node, minutes, args)) {
    // Each failure of Jest itself counts.
    const file = path === JEST ? `${JEST} (${++withoutFile}), jest ${args.join(' ')}` : path;
    const name = node === main ? file : `${file} (Node.js ${node.version})`;
    files.set(name, outcome);
    runs.set(name, { path, node });
  }
}

/** Runs one file separately. Resolves to undefined if Jest does not report its outcome. */
async function rerun(name) {
  const { path, node } = runs.get(name);
  if (!existsSync(path)) return undefined; // Jest itself failed
  console.log(`Running again by itself: ${relative(root, name)}`);
  const again = await jest(node, MINUTES.rerun, ['--runInBand', '--runTestsByPath', path]);
  return again.has(JEST) ? undefined : again.get(path);
}

const failedFirst = given.includes(RERUN_FAILED) ? await rerunFailed(files, rerun) : [];
for (const line of endReport(root, files, failedFirst)) console.log(line);
process.exit([...files.values()].some(({ failed }) => failed > 0) ? 1 : 0);
