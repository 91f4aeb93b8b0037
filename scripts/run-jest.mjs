import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Stands among the files when Jest failed and no test says why. */
export const JEST = 'Jest itself';

const REPORTER = fileURLToPath(new URL('progress-reporter.mjs', import.meta.url));

/** So many of the last lines that Jest wrote are repeated when it failed by itself. */
const LAST_LINES = 40;
/** Where the report is, which is of no use to a reader: it is deleted. */
const WRITTEN = /^Test results written to: .*\n/m;
/** A process that Jest left behind may hold its stderr open: it is not waited for any longer, ms. */
const DRAINS_WITHIN_MS = 2_000;

/**
 * Runs Jest with these arguments and copies through what it writes to stderr.
 *
 * @param program Jest's, or what stands in for it
 * @param options `cwd`, and `timeout`: it is ended after so many ms
 * @returns a map: path of a file -> its outcome; see `outcomeOf` and `outcomeOfJest`
 */
export async function runJest(program, args, { cwd, timeout }) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-test-'));
  const file = join(folder, 'jest.json');
  try {
    // Behind the arguments: an option that takes several values would take files for values.
    const options = ['--json', `--outputFile=${file}`, `--reporters=${REPORTER}`];
    if (process.stderr.isTTY) options.push('--colors'); // Jest itself sees a pipe
    const ended = await run([program, ...args, ...options], { cwd, timeout });
    const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    const files = new Map((report?.testResults ?? []).map((result) => [result.name, outcomeOf(result)]));
    // Jest itself may fail: by its arguments, by a limit in time, by what a test left running.
    const explained =
      ended.status === 0 || (ended.status === 1 && [...files.values()].some(({ failed }) => failed > 0));
    if (!explained) files.set(JEST, outcomeOfJest(ended, report));
    return files;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends when the process does; returns how, and the last lines of its stderr. */
function run(args, { cwd, timeout }) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, timeout, stdio: ['ignore', 'ignore', 'pipe'] });
    let tail = '';
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      const text = chunk.replace(WRITTEN, '');
      process.stderr.write(text);
      tail = lastLines(tail + text);
    });
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, tail: tail.trim() }));
    child.on('exit', () => setTimeout(() => child.stderr.destroy(), DRAINS_WITHIN_MS).unref());
  });
}

function lastLines(text) {
  return text.split('\n').slice(-LAST_LINES).join('\n');
}

function outcomeOf({ status, message, assertionResults, startTime, endTime }) {
  const those = (...kinds) => assertionResults.filter((test) => kinds.includes(test.status));
  const failures = those('failed').map(({ fullName }) => fullName);
  // A file that could not even load has no tests to count, but has failed.
  if (status === 'failed' && failures.length === 0) failures.push(message.split('\n', 1)[0]);
  return {
    passed: those('passed').length,
    failed: failures.length,
    skipped: those('pending', 'todo', 'skipped', 'disabled').length,
    failures,
    seconds: (endTime - startTime) / 1_000,
  };
}

/**
 * `harmless` says that every test had passed when Jest failed: the report was written, and calls the run a success.
 * `failures` are what can be found out.
 */
function outcomeOfJest({ status, signal, tail }, report) {
  const failures = [signal ? `It was ended by ${signal}.` : `It ended with status ${status}.`];
  const harmless = report?.success === true && !report.wasInterrupted && status === 1;
  if (report === undefined) {
    failures.push('It wrote no report: it was ended, or an error ended it, before the last test file.');
  } else {
    const { success, wasInterrupted, numRuntimeErrorTestSuites, openHandles } = report;
    failures.push(
      `Its report says: success ${success}, interrupted ${wasInterrupted}, files that could not run ${numRuntimeErrorTestSuites}, ` +
        `open handles ${openHandles?.length ?? 0}.`,
    );
  }
  if (harmless) {
    failures.push(
      'Every test had passed. Something that a test left running threw an error, required a module or wrote to the console ' +
        'after its file had ended.',
    );
  }
  if (tail !== '') failures.push('The last it wrote:', ...tail.split('\n').map((line) => `  ${line}`));
  return { passed: 0, failed: 1, skipped: 0, failures, harmless };
}
