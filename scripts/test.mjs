// `npm test`: everything a fresh machine can run. Installs the packages, builds, gets the programs the tests talk to
// (a real Redis, Chromium, nginx, python-socketio) where it may, runs every suite and ends with their true counts.
//
// `npm test -- ARGS` hands ARGS to Jest.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { prepare, root } from './prepare.mjs';

/** A suite that never ends must not hold a CI machine for its whole allowance of 90 minutes: minutes for each batch. */
const MINUTES = { chosen: 60, e2e: 40, chaos: 15, fuzz: 15, cluster: 15, clients: 20 };

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

/** Suffix of a file -> Jest's project of it, whose tests have processes, sockets and browsers of their own, on a machine that may stand still for seconds. */
const REAL_PROCESSES = { e2e: 'e2e', chaos: 'chaos', fuzz: 'fuzz', cluster: 'cluster', client: 'clients' };
/** Files that passed when run again, with what failed at first. */
const passedAgain = [];
/** More files than this do not fail by accident. */
const MOST_RUN_AGAIN = 3;

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

/**
 * A file that failed runs once more, by itself, and its second outcome counts: a test of real processes that a busy machine held up
 * passes then, and one that found a fault in the gateway fails again. What failed first is said at the end.
 */
function jestTwice(batch, timeout) {
  const files = jest(batch, timeout);
  const failed = [...files].filter(([, outcome]) => outcome.failed > 0);
  const project = (file) => REAL_PROCESSES[/\.(\w+)-spec\.tsx?$/.exec(file)?.[1]];
  if (failed.length > MOST_RUN_AGAIN || !failed.every(([file]) => project(file))) return files;
  for (const [file, { failures }] of failed) {
    console.log(`Running again by itself: ${relative(root, file)}`);
    const args = ['--selectProjects', project(file), '--runInBand', '--runTestsByPath', file];
    const outcomes = jest(args, timeout);
    const again = outcomes.get(file);
    if (!again || outcomes.has(JEST)) continue;
    files.set(file, again);
    if (again.failed === 0) passedAgain.push([relative(root, file), failures]);
  }
  return files;
}

const chosen = process.argv.slice(2);
// Jest would leave one of two processors idle, while most of these tests wait for something.
const workers = `--maxWorkers=${Math.max(2, availableParallelism() - 1)}`;
// The chaos suite and the cluster's want the machine for themselves, and so does each of the fuzz suite's.
const batches =
  chosen.length > 0
    ? [jest(chosen, MINUTES.chosen * 60_000)]
    : [
        [MINUTES.e2e, workers, '--selectProjects', 'unit', 'e2e', 'helm'],
        [MINUTES.chaos, '--selectProjects', 'chaos'],
        [MINUTES.fuzz, '--selectProjects', 'fuzz', '--runInBand'],
        [MINUTES.cluster, '--selectProjects', 'cluster', '--runInBand'],
        [MINUTES.clients, workers, '--selectProjects', 'clients'],
      ].map(([minutes, ...args]) => jestTwice(args, minutes * 60_000));
const outcomes = batches.flatMap((files) => [...files.values()]);
const sum = (count) => outcomes.reduce((total, outcome) => total + outcome[count], 0);
for (const [file, failures] of passedAgain) {
  console.log(
    `Passed only when run again by itself: ${file}\n${failures.map((test) => `  ${test}`).join('\n')}`,
  );
}
const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 ? 1 : 0);
