import { relative } from 'node:path';

const MARKS = { passed: '✓', failed: '✕' };

/**
 * A Jest reporter: one line for each finished file with its duration, followed by its failures and
 * console output.
 */
export default class ProgressReporter {
  constructor({ rootDir }) {
    this.root = rootDir;
    this.finished = 0;
  }

  onRunStart({ numTotalTestSuites }) {
    this.total = numTotalTestSuites;
    say(`${this.total} test ${this.total === 1 ? 'file' : 'files'}`);
  }

  onTestResult(
    { path, context },
    { testResults, testExecError, numFailingTests, failureMessage, perfStats, ...rest },
  ) {
    const failed = testExecError !== undefined || numFailingTests > 0;
    const count = `[${String(++this.finished).padStart(String(this.total).length)}/${this.total}]`;
    const seconds = `${((perfStats.end - perfStats.start) / 1_000).toFixed(1)} s`;
    const { displayName } = context.config;
    say(
      `${count} ${failed ? 'FAIL' : 'pass'} ${seconds.padStart(8)}  ${displayName?.name ?? ''}  ${relative(this.root, path)}`,
    );
    // When a single file runs, list its tests.
    if (this.total === 1) {
      for (const { status, fullName } of testResults) say(`  ${MARKS[status] ?? '○'} ${fullName}`);
    }
    for (const { type, message } of rest.console ?? []) say(`  console.${type}: ${message}`);
    if (failureMessage) say(failureMessage);
  }
}

// Not to stdout, because only the runner writes to it.
function say(text) {
  process.stderr.write(`${text}\n`);
}
