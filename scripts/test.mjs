// `npm test`: everything a fresh machine can run. Installs the packages, builds, gets the programs the tests talk to
// (a real Redis, Chromium, nginx, python-socketio) where it may, runs every suite and ends with their true counts.
//
// `npm test -- ARGS` hands ARGS to Jest. Every test gets one attempt. Only `--rerun-failed`, which is for `.ci/run`, runs the
// files that failed once more, by themselves, where they are three or fewer, and says at the end what failed first.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { prepare, root } from './prepare.mjs';
import { rerunFailed } from './rerun-failed.mjs';

/** A suite that never ends must not hold a CI machine for its whole allowance of 90 minutes: minutes for each batch. */
const MINUTES = { chosen: 60, e2e: 40, chaos: 15, fuzz: 15, cluster: 15, clients: 20, rerun: 15 };

/** Debian package -> how to see that it is there. */
const needs = {
  'redis-server': () => onPath('redis-server'),
  chromium: () => existsSync('/usr/bin/chromium'),
  nginx: () => onPath('nginx'),
  openssl: () => onPath('openssl'),
  'python3-socketio': () => succeeds('/usr/bin/python3', ['-c', 'import socketio']),
  'python3-requests': () => succeeds('/usr/bin/python3', ['-c', 'import requests']),
  'python3-websocket': () => succeeds('/usr/bin/python3', ['-c', 'import websocket']),
  'python3-aiohttp': () => succeeds('/usr/bin/python3', ['-c', 'import aiohttp']),
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
  // Debian starts a service it installs; the tests start their own, on ports of their own.
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...wanted);
  const still = missing();
  if (still.length > 0) {
    console.error(`Could not install ${still.join(', ')}.`);
    process.exit(1);
  }
}

prepare();
installPrograms();

/** Stands among the files where no test says why Jest failed. */
const JEST = 'Jest itself';

/** Runs Jest, which ends within `timeout` ms; answers what became of each file. */
function jest(args, timeout) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-test-'));
  const report = join(folder, 'jest.json');
  const program = join(root, 'node_modules/jest/bin/jest.js');
  const { status } = spawnSync(process.execPath, [program, '--json', `--outputFile=${report}`, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout,
  });
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
  rmSync(folder, { recursive: true, force: true });
  const files = new Map(results.map((result) => [result.name, outcomeOf(result)]));
  // Jest itself may fail: by its arguments, by a limit in time, by a coverage that is not reached.
  const explained = status === 0 || (status === 1 && [...files.values()].some(({ failed }) => failed > 0));
  if (!explained) {
    files.set(JEST, { passed: 0, failed: 1, skipped: 0, failures: [`status ${status}`] });
  }
  return files;
}

function outcomeOf({ status, message, assertionResults }) {
  const those = (...kinds) => assertionResults.filter((test) => kinds.includes(test.status));
  const failures = those('failed').map(({ fullName }) => fullName);
  // A file that could not even load has no tests to count, but has failed.
  if (status === 'failed' && failures.length === 0) failures.push(message.split('\n', 1)[0]);
  return {
    passed: those('passed').length,
    failed: failures.length,
    skipped: those('pending', 'todo', 'skipped', 'disabled').length,
    failures,
  };
}

const RERUN_FAILED = '--rerun-failed';
const given = process.argv.slice(2);
const chosen = given.filter((argument) => argument !== RERUN_FAILED);
// Jest would leave one of two processors idle, while most of these tests wait for something.
const workers = `--maxWorkers=${Math.max(2, availableParallelism() - 1)}`;
// The chaos suite and the cluster's want the machine for themselves, and so does each of the fuzz suite's.
const batches =
  chosen.length > 0
    ? [[MINUTES.chosen, ...chosen]]
    : [
        [MINUTES.e2e, workers, '--selectProjects', 'unit', 'e2e', 'helm'],
        [MINUTES.chaos, '--selectProjects', 'chaos'],
        [MINUTES.fuzz, '--selectProjects', 'fuzz', '--runInBand'],
        [MINUTES.cluster, '--selectProjects', 'cluster', '--runInBand'],
        [MINUTES.clients, workers, '--selectProjects', 'clients'],
      ];
/** Path of each file -> what became of it. */
const files = new Map();
let withoutFile = 0;
for (const [minutes, ...args] of batches) {
  for (const [path, outcome] of jest(args, minutes * 60_000)) {
    // Each Jest that failed without a test counts.
    files.set(path === JEST ? `${JEST} (${++withoutFile})` : path, outcome);
  }
}

/** Runs one file by itself; undefined where Jest does not say what became of it. */
function rerun(path) {
  if (!existsSync(path)) return undefined; // it was Jest itself that failed
  console.log(`Running again by itself: ${relative(root, path)}`);
  const again = jest(['--runInBand', '--runTestsByPath', path], MINUTES.rerun * 60_000);
  return again.has(JEST) ? undefined : again.get(path);
}

const failedFirst = given.includes(RERUN_FAILED) ? rerunFailed(files, rerun) : [];
for (const { path, failures, failedAgain } of failedFirst) {
  console.log(
    `Failed first, and ${failedAgain ? 'failed again' : 'passed'} by itself: ${relative(root, path)}`,
  );
  for (const test of failures) console.log(`  ${test}`);
}
const outcomes = [...files.values()];
const sum = (count) => outcomes.reduce((total, outcome) => total + outcome[count], 0);
const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 ? 1 : 0);
