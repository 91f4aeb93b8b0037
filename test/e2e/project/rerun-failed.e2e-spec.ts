import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../support/code-blocks.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

interface Outcome {
  readonly failed: number;
  readonly failures: readonly string[];
  readonly harmless?: boolean;
}

const passes: Outcome = { failed: 0, failures: [] };
const fails = (...failures: string[]): Outcome => ({ failed: failures.length, failures });

/** The JSON output of a program that can import these scripts of the runner. */
function resultOf(program: string): unknown {
  const imports = [
    ['rerunFailed', 'rerun-failed.mjs'],
    ['runJest', 'run-jest.mjs'],
    ['endReport', 'test-report.mjs'],
    ['default as ProgressReporter', 'progress-reporter.mjs'],
  ].map(([name, file]) => `import { ${name} } from ${JSON.stringify(join(ROOT, 'scripts', file!))};`);
  const output = execFileSync(
    process.execPath,
    ['--input-type=module', '--eval', [...imports, program].join('\n')],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return JSON.parse(output) as unknown;
}

/**
 * The result of `--rerun-failed` for these first outcomes, if a second run of each file has the
 * outcomes in `second`.
 */
function rerun(first: Record<string, Outcome>, second: Record<string, Outcome>) {
  return resultOf(`
    const outcomes = new Map(Object.entries(${JSON.stringify(first)}));
    const second = ${JSON.stringify(second)};
    const ran = [];
    const told = await rerunFailed(outcomes, async (path) => (ran.push(path), second[path]));
    console.log(JSON.stringify({ ran, told, failed: [...outcomes].filter(([, o]) => o.failed).map(([path]) => path) }));`);
}

describe('--rerun-failed', () => {
  it('runs failed files once more, and reports the first failures', () => {
    const first = { a: passes, b: fails('b1', 'b2'), c: fails('c1'), d: fails('d1') };
    expect(rerun(first, { b: passes, c: fails('c1') })).toEqual({
      ran: ['b', 'c', 'd'],
      told: [
        { path: 'b', failures: ['b1', 'b2'], harmless: false, failedAgain: false },
        { path: 'c', failures: ['c1'], harmless: false, failedAgain: true },
        // the second run has no outcome of this file
        { path: 'd', failures: ['d1'], harmless: false, failedAgain: true },
      ],
      failed: ['c', 'd'],
    });
  });

  it('runs nothing again if more than three files failed', () => {
    const first = { a: fails('a1'), b: fails('b1'), c: fails('c1'), d: fails('d1') };
    expect(rerun(first, {})).toEqual({ ran: [], told: [], failed: ['a', 'b', 'c', 'd'] });
  });

  it('ignores a failure of Jest itself only if every test had passed', () => {
    const first = {
      a: passes,
      'Jest (1)': { ...fails('status 1'), harmless: true },
      'Jest (2)': fails('SIGTERM'),
    };
    expect(rerun(first, {})).toEqual({
      ran: ['Jest (2)'],
      told: [
        { path: 'Jest (1)', failures: ['status 1'], harmless: true, failedAgain: false },
        { path: 'Jest (2)', failures: ['SIGTERM'], harmless: false, failedAgain: true },
      ],
      failed: ['Jest (2)'],
    });
  });
});

describe('a run of Jest', () => {
  const file = { name: '/a', status: 'passed', message: '', startTime: 1_000, endTime: 3_500 };
  const passed = { ...file, assertionResults: [{ status: 'passed', fullName: 'a1' }] };
  const ran = { passed: 1, failed: 0, skipped: 0, failures: [], seconds: 2.5 };
  const report = { success: true, wasInterrupted: false, numRuntimeErrorTestSuites: 0, openHandles: [] };

  /** The outcomes of a Jest process that writes this report and then ends in this way. */
  async function runOf(written: object | undefined, ending: string): Promise<unknown> {
    const program = join(await temporaryFolder(), 'jest.cjs');
    const output = "process.argv.find((one) => one.startsWith('--outputFile=')).slice(13)";
    const write = `require('node:fs').writeFileSync(${output}, ${JSON.stringify(JSON.stringify(written))});`;
    await writeFile(program, `${written ? write : ''} ${ending}`);
    return resultOf(`
      const outcomes = await runJest(${JSON.stringify(program)}, [], { cwd: '/', timeout: 2_000 });
      console.log(JSON.stringify(Object.fromEntries(outcomes)));`);
  }

  it('has the outcomes of its files if it ends well', async () => {
    expect(await runOf({ ...report, testResults: [passed] }, '')).toEqual({ '/a': ran });
  });

  it('has no failure of its own if only tests failed', async () => {
    const stack = '    at /a:3:1\n    at run (/node_modules/jest/run.js:1:1)';
    const message = `Error: \u001b[31mone\u001b[39m\n\n${'x'.repeat(500)}\n${stack}`;
    const test = { status: 'failed', fullName: 'a1', failureMessages: [message] };
    const failed = { ...file, status: 'failed', assertionResults: [test] };
    const ending = 'process.exitCode = 1';
    expect(await runOf({ ...report, success: false, testResults: [failed] }, ending)).toEqual({
      '/a': {
        ...{ ...ran, passed: 0, failed: 1 },
        failures: ['a1', '  Error: one', `  ${'x'.repeat(400)}`, '      at /a:3:1'],
      },
    });
    const unloaded = { ...file, status: 'failed', message: 'no such\nmodule', assertionResults: [] };
    expect(await runOf({ ...report, success: false, testResults: [unloaded] }, ending)).toEqual({
      '/a': { ...ran, passed: 0, failed: 1, failures: ['  no such', '  module'] },
    });
  });

  it('repeats the beginning of a long message', async () => {
    const message = Array.from({ length: 1_000 }, (_, n) => `line ${n}`).join('\n');
    const test = { status: 'failed', fullName: 'a1', failureMessages: [message] };
    const failed = { ...file, status: 'failed', assertionResults: [test] };
    const written = { ...report, success: false, testResults: [failed] };
    const outcomes = (await runOf(written, 'process.exitCode = 1')) as Record<string, Outcome>;
    expect(outcomes['/a']!.failures).toHaveLength(41);
    expect(outcomes['/a']!.failed).toBe(1);
  });

  it('reports a failure of its own with the last output if every test passed but Jest failed', async () => {
    const ending = "console.error('torn down\\nin a file'); process.exitCode = 1";
    expect(await runOf({ ...report, testResults: [passed] }, ending)).toEqual({
      '/a': ran,
      'Jest itself': {
        passed: 0,
        failed: 1,
        skipped: 0,
        harmless: true,
        failures: [
          'It ended with status 1.',
          'Its report says: success true, interrupted false, files that could not run 0, open handles 0.',
          expect.stringMatching(/^Every test had passed\./),
          'The last it wrote:',
          '  torn down',
          '  in a file',
        ],
      },
    });
  });

  it('has failed if it was stopped for its time or wrote no report', async () => {
    const noReport = expect.stringMatching(/^It wrote no report/);
    const failures = async (written: object | undefined, ending: string) =>
      ((await runOf(written, ending)) as Record<string, Outcome>)['Jest itself'];
    expect(await failures(undefined, 'process.exit(1)')).toMatchObject({
      harmless: false,
      failures: ['It ended with status 1.', noReport],
    });
    expect(await failures(undefined, 'setTimeout(() => {}, 60_000)')).toMatchObject({
      harmless: false,
      failures: ['It was ended by SIGTERM.', noReport],
    });
    const late = { ...report, testResults: [passed] };
    expect(await failures(late, 'setTimeout(() => {}, 60_000)')).toMatchObject({
      failed: 1,
      harmless: false,
    });
  });
});

it('the progress is one line per finished file with its duration, followed by its failures', () => {
  const lines = resultOf(`
    const lines = [];
    process.stderr.write = (text) => lines.push(text);
    const progress = new ProgressReporter({ rootDir: '/root' });
    const end = (path, result) =>
      progress.onTestResult(
        { path, context: { config: { displayName: { name: 'e2e' } } } },
        { testResults: [], numFailingTests: 0, perfStats: { start: 1_000, end: 13_340 }, ...result },
      );
    progress.onRunStart({ numTotalTestSuites: 10 });
    end('/root/test/a', {});
    end('/root/test/b', { numFailingTests: 1, failureMessage: 'why', console: [{ type: 'warn', message: 'hm' }] });
    end('/root/test/c', { testExecError: {}, failureMessage: 'it does not load' });
    console.log(JSON.stringify(lines.join('').trim().split('\\n')));`);
  expect(lines).toEqual([
    '10 test files',
    '[ 1/10] pass   12.3 s  e2e  test/a',
    '[ 2/10] FAIL   12.3 s  e2e  test/b',
    '  console.warn: hm',
    'why',
    '[ 3/10] FAIL   12.3 s  e2e  test/c',
    'it does not load',
  ]);
});

describe('the end report', () => {
  const outcome = (seconds: number, ...failures: string[]) => ({
    ...{ passed: 2, failed: failures.length, skipped: 0, failures, seconds },
  });
  const reportOf = (outcomes: Record<string, object>, failedFirst: readonly object[] = []) =>
    resultOf(`
      const outcomes = new Map(Object.entries(${JSON.stringify(outcomes)}));
      console.log(JSON.stringify(endReport('/root', outcomes, ${JSON.stringify(failedFirst)})));`);

  it('names the failed tests and the ten slowest files, and ends with the counts', () => {
    const many = Array.from({ length: 12 }, (_, n) => [`/root/test/${n}`, outcome(n)] as const);
    const outcomes = { ...Object.fromEntries(many), '/root/test/5': outcome(99.94, 'five') };
    expect(reportOf(outcomes)).toEqual([
      'Failed: test/5',
      '  five',
      'Slowest files:',
      '    99.9 s  test/5',
      ...[11, 10, 9, 8, 7, 6, 4, 3, 2].map((n) => `  ${`${n}.0`.padStart(6)} s  test/${n}`),
      '24 passed, 1 failed',
    ]);
  });

  it('has the counts of each Node.js, and counts a test that ran with both twice', () => {
    const outcomes = {
      '/root/a': { ...outcome(3), node: '24.1.0' },
      '/root/b': { ...outcome(2), node: '24.1.0', skipped: 1 },
      '/root/a (Node.js 20.2.0)': { ...outcome(1, 'why'), node: '20.2.0' },
    };
    expect(reportOf(outcomes)).toEqual([
      'Failed: a (Node.js 20.2.0)',
      '  why',
      'Slowest files:',
      '     3.0 s  a',
      '     2.0 s  b',
      '     1.0 s  a (Node.js 20.2.0)',
      'Node.js 24.1.0: 4 passed, 0 failed, 1 skipped',
      'Node.js 20.2.0: 2 passed, 1 failed',
      '6 passed, 1 failed, 1 skipped',
    ]);
  });

  it('states once per file that failed first how its second run ended', () => {
    const first = (path: string, harmless: boolean, failedAgain: boolean) => ({
      ...{ path, failures: ['why'], harmless, failedAgain },
    });
    const failedFirst = [
      first('/root/a', false, true),
      first('/root/b', false, false),
      first('Jest', true, false),
    ];
    const jest = { passed: 0, failed: 0, skipped: 1, failures: [] };
    expect(
      reportOf({ '/root/a': outcome(1, 'why'), '/root/b': outcome(1), Jest: jest }, failedFirst),
    ).toEqual([
      'Failed first, and failed again by itself: a',
      '  why',
      'Failed first, and passed by itself: b',
      '  why',
      'Failed first, after every test had passed: Jest',
      '  why',
      'Slowest files:',
      '     1.0 s  a',
      '     1.0 s  b',
      '4 passed, 1 failed, 1 skipped',
    ]);
  });
});
