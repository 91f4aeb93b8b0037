// `npm test`: everything a fresh machine can run. Installs the packages, builds, gets the programs the tests talk to
// (a real Redis, Chromium, nginx, python-socketio) where it may, runs every suite and ends with their true counts.
//
// `npm test -- ARGS` hands ARGS to Jest.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

/** A suite that never ends must not hold a CI machine for its whole allowance. */
const TIMEOUT_MS = 25 * 60_000;

/** Debian package -> how to see that it is there. */
const needs = {
  'redis-server': () => onPath('redis-server'),
  chromium: () => existsSync('/usr/bin/chromium'),
  nginx: () => onPath('nginx'),
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

const folder = mkdtempSync(join(tmpdir(), 'gateway-test-'));
const report = join(folder, 'jest.json');
const jest = join(root, 'node_modules/jest/bin/jest.js');
const { status } = spawnSync(
  process.execPath,
  [jest, '--json', `--outputFile=${report}`, ...process.argv.slice(2)],
  { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], timeout: TIMEOUT_MS },
);
const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
rmSync(folder, { recursive: true, force: true });

const passed = results?.numPassedTests ?? 0;
// A suite that could not even load has no tests to count, but has failed.
const failed = results ? results.numFailedTests + results.numRuntimeErrorTestSuites : 1;
const skipped = (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(status ?? 1);
