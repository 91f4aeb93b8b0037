import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EVENTS, REQUESTS } from '../support/contract-document.js';
import { startProcess } from '../support/processes.js';
import { Recording } from '../support/recording.js';
import { installWheel, PYTHON } from './support/wheel.js';

const FOLDER = join(__dirname, '../../clients/python');
const env = { PATH: process.env.PATH, PYTHONPATH: 'src', PYTHONDONTWRITEBYTECODE: '1' };

interface Outcome {
  readonly test: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly text: string;
}

/** Each Python test is a test of this suite, so that the counts are correct. */
const listed = spawnSync(PYTHON, ['-m', 'tests.run', '--list'], { cwd: FOLDER, env, encoding: 'utf8' });
const tests = listed.stdout
  .split('\n')
  .filter(Boolean)
  .map((line) => (JSON.parse(line) as Outcome).test);

/** The name of the only test of what needs a package says so if the package is not there. */
const needsPackage = (test: string) => /_because_\w+_is_not_installed$/.test(test);

describe('Python', () => {
  const outcomes = new Map<string, Outcome>();
  /** The recorded messages of the clients in each test. */
  const recorded = new Map<string, string[]>();
  let recording: Recording;
  let complaints = '';

  beforeAll(async () => {
    recording = await Recording.open();
    const child = startProcess(PYTHON, ['-m', 'tests.run'], {
      cwd: FOLDER,
      env: { ...env, ...recording.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr!.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const outcome = JSON.parse(line) as Outcome;
      // A test has one outcome. If some of its parts failed, it has failed.
      if (outcomes.get(outcome.test)?.outcome !== 'failed') outcomes.set(outcome.test, outcome);
    });
    await once(child, 'close');
    let lines: string[] = [];
    recorded.set('outside tests', lines);
    for (const line of recording.lines()) {
      if (line.startsWith('# ')) recorded.set(line.slice(2), (lines = []));
      else lines.push(line);
    }
  }, 600_000);

  it('has tests, all of which can be loaded', () => {
    expect(listed.stderr).toBe('');
    expect(tests.length).toBeGreaterThan(80);
    expect(tests.filter((test) => test.includes('_FailedTest'))).toEqual([]);
    // Failures outside a test, for example in `setUpClass`.
    expect([...outcomes.values()].filter(({ test }) => !tests.includes(test))).toEqual([]);
  });

  // Checked against the document here, so that a violation is reported for its test.
  it.each(tests.filter((test) => !needsPackage(test)))('%s', (test) => {
    recording.check(recorded.get(test) ?? []);
    recorded.delete(test);
    const { outcome, text } = outcomes.get(test) ?? { outcome: 'never ran', text: complaints };
    expect({ outcome, text }).toEqual({ outcome: 'passed', text: '' });
  });

  for (const test of tests.filter(needsPackage)) it.skip(test, () => undefined);

  it('every request and most events of the tests were checked against the document', () => {
    const requests = [...REQUESTS].flatMap((event) =>
      event === 'latency_echo' ? [`sent ${event}`] : [`sent ${event}`, `acknowledged ${event}`],
    );
    // Nothing makes these clients lag, and none of them is an operator's.
    const rare = ['lagging', 'admin_stats'];
    const events = [...EVENTS].filter((event) => !rare.includes(event)).map((event) => `received ${event}`);
    for (const lines of recorded.values()) recording.check(lines);
    expect(recording.kinds()).toEqual(expect.arrayContaining([...requests, ...events]));
  });

  it('is built into a wheel that works on its own and includes its types', async () => {
    const installed = await installWheel();
    expect(readdirSync(join(installed, 'deltastream_socket_client'))).toContain('py.typed');
    const script = [
      'import deltastream_socket_client as it, deltastream_socket_client.testing as testing',
      'for one in (it, testing): print(one.__file__, *map(one.__dict__.get, one.__all__))',
    ].join('\n');
    const { stdout } = spawnSync(PYTHON, ['-c', script], {
      cwd: installed,
      env: { ...env, PYTHONPATH: installed },
      encoding: 'utf8',
    });
    expect(stdout.split(`${installed}/deltastream_socket_client/`)).toHaveLength(3);
    expect(stdout).not.toContain('None');
  });

  it('passes mypy --strict', () => {
    const cache = '--cache-dir=/dev/null';
    const { stdout, status } = spawnSync(PYTHON, ['-m', 'mypy', cache], {
      cwd: FOLDER,
      env,
      encoding: 'utf8',
    });
    expect({ stdout, status }).toEqual({ stdout: expect.stringMatching(/^Success/), status: 0 });
  });
});
