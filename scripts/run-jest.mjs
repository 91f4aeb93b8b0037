import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

/** The entry among the files for a failure of Jest that belongs to no test. */
export const JEST = 'Jest itself';

const REPORTER = fileURLToPath(new URL('progress-reporter.mjs', import.meta.url));

/**
 * What is repeated of the message of a failed test: so many lines, and so many characters of each.
 * A log that keeps only its end must still say why a test failed.
 */
const MESSAGE = { lines: 40, width: 400 };
/** How many of Jest's last lines are repeated if Jest itself failed. */
const LAST_LINES = 40;
/** The line with the path of the report is removed, because the report is deleted. */
const WRITTEN = /^Test results written to: .*\n/m;
/**
 * A process that Jest left behind may keep its stderr open. The runner waits for it no longer than
 * this, in ms.
 */
const DRAINS_WITHIN_MS = 2_000;

/**
 * Runs Jest with these arguments, and copies its stderr.
 * @param program Jest's program, or a substitute
 * @param options `cwd`, `timeout` in ms, after which Jest is stopped, and the path of `node` and its
 * `env` if they are not those of this process
 * @returns a map from the path of a file to its outcome; see `outcomeOf` and `outcomeOfJest`
 */
export async function runJest(program, args, { cwd, timeout, node = process.execPath, env = process.env }) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-test-'));
  const file = join(folder, 'jest.json');
  try {
    // After the arguments, because an option with several values would read files as values.
    const options = ['--json', `--outputFile=${file}`, `--reporters=${REPORTER}`];
    if (process.stderr.isTTY) options.push('--colors'); // Jest itself writes to a pipe
    const ended = await run(node, [program, ...args, ...options], { cwd, timeout, env });
    const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    const files = new Map((report?.testResults ?? []).map((result) => [result.name, outcomeOf(result)]));
    // Jest itself may fail, because of its arguments, its time limit, or something that a test left
    // running.
    const explained =
      ended.status === 0 || (ended.status === 1 && [...files.values()].some(({ failed }) => failed > 0));
    if (!explained) files.set(JEST, outcomeOfJest(ended, report));
    return files;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves when the process ends, with its exit status and the last lines of its stderr. */
function run(node, args, { cwd, timeout, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd, timeout, env, stdio: ['ignore', 'ignore', 'pipe'] });
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
  const failed = those('failed');
  const failures = failed.flatMap(({ fullName, failureMessages = [] }) => [
    fullName,
    ...failureMessages.flatMap(linesOf),
  ]);
  // A file that could not be loaded has no tests to count, but has failed.
  const isUnloaded = status === 'failed' && failed.length === 0;
  if (isUnloaded) failures.push(...linesOf(message));
  return {
    passed: those('passed').length,
    failed: isUnloaded ? 1 : failed.length,
    skipped: those('pending', 'todo', 'skipped', 'disabled').length,
    failures,
    seconds: (endTime - startTime) / 1_000,
  };
}

/** The lines of a message without the frames of its stack that are not the project's. */
function linesOf(message) {
  return stripVTControlCharacters(message)
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s+at .*(node_modules|node:|native\))/.test(line))
    .slice(0, MESSAGE.lines)
    .map((line) => `  ${line.slice(0, MESSAGE.width)}`);
}

/**
 * `harmless` means that every test had passed when Jest failed: the report exists, and reports
 * success. `failures` are the known causes.
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
