// `npm test`: everything a fresh machine can run. Installs the packages, builds, gets the programs the tests talk to
// (a real Redis, Chromium, nginx, python-socketio) where it may, runs every suite and ends with their true counts.
//
// `npm test -- ARGS` hands ARGS to Jest.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

/** A suite that never ends must not hold a CI machine for its whole allowance of 90 minutes: minutes for each batch. */
const MINUTES = { chosen: 60, e2e: 40, chaos: 15, fuzz: 15, clients: 15, helm: 10 };

/** Debian package -> how to see that it is there. */
const needs = {
  'redis-server': () => onPath('redis-server'),
  chromium: () => existsSync('/usr/bin/chromium'),
  nginx: () => onPath('nginx'),
  openssl: () => onPath('openssl'),
  'python3-socketio': () => succeeds('/usr/bin/python3', ['-c', 'import socketio']),
  'python3-requests': () => succeeds('/usr/bin/python3', ['-c', 'import requests']),
  'python3-websocket': () => succeeds('/usr/bin/python3', ['-c', 'import websocket']),
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

/** Runs Jest, which ends within `timeout` ms; answers its exit status and what became of the tests. */
function jest(args, timeout) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-test-'));
  const report = join(folder, 'jest.json');
  const program = join(root, 'node_modules/jest/bin/jest.js');
  const { status } = spawnSync(process.execPath, [program, '--json', `--outputFile=${report}`, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout,
  });
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  rmSync(folder, { recursive: true, force: true });
  return {
    status: status ?? 1,
    passed: results?.numPassedTests ?? 0,
    // A suite that could not even load has no tests to count, but has failed.
    failed: results ? results.numFailedTests + results.numRuntimeErrorTestSuites : 1,
    skipped: (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0),
  };
}

const chosen = process.argv.slice(2);
// The chaos suite wants the machine for itself, and so does each of the fuzz suite's.
const batches =
  chosen.length > 0
    ? [[MINUTES.chosen, ...chosen]]
    : [
        [MINUTES.e2e, '--selectProjects', 'unit', 'e2e'],
        [MINUTES.chaos, '--selectProjects', 'chaos'],
        [MINUTES.fuzz, '--selectProjects', 'fuzz', '--runInBand'],
        [MINUTES.clients, '--selectProjects', 'clients', '--runInBand'],
        [MINUTES.helm, '--selectProjects', 'helm'],
      ];
const results = batches.map(([minutes, ...args]) => jest(args, minutes * 60_000));
const sum = (count) => results.reduce((total, result) => total + result[count], 0);
const skipped = sum('skipped');
console.log(`${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(Math.max(...results.map(({ status }) => status)));
