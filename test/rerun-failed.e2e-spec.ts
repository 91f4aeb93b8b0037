import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './support/code-blocks.js';

interface Outcome {
  readonly failed: number;
  readonly failures: readonly string[];
}

const passes: Outcome = { failed: 0, failures: [] };
const fails = (...failures: string[]): Outcome => ({ failed: failures.length, failures });

/** What `--rerun-failed` makes of first outcomes, where a second run of each file has the outcomes of `second`. */
function rerun(first: Record<string, Outcome>, second: Record<string, Outcome>) {
  const program = `
    import { rerunFailed } from ${JSON.stringify(join(ROOT, 'scripts/rerun-failed.mjs'))};
    const outcomes = new Map(Object.entries(${JSON.stringify(first)}));
    const second = ${JSON.stringify(second)};
    const ran = [];
    const told = rerunFailed(outcomes, (path) => (ran.push(path), second[path]));
    console.log(JSON.stringify({ ran, told, failed: [...outcomes].filter(([, o]) => o.failed).map(([path]) => path) }));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  return JSON.parse(output) as { ran: string[]; told: object[]; failed: string[] };
}

describe('--rerun-failed', () => {
  it('runs what failed once more, and says what failed first', () => {
    const first = { a: passes, b: fails('b1', 'b2'), c: fails('c1'), d: fails('d1') };
    expect(rerun(first, { b: passes, c: fails('c1') })).toEqual({
      ran: ['b', 'c', 'd'],
      told: [
        { path: 'b', failures: ['b1', 'b2'], failedAgain: false },
        { path: 'c', failures: ['c1'], failedAgain: true },
        { path: 'd', failures: ['d1'], failedAgain: true }, // nobody can tell what became of it
      ],
      failed: ['c', 'd'],
    });
  });

  it('runs nothing again when more than three files failed', () => {
    const first = { a: fails('a1'), b: fails('b1'), c: fails('c1'), d: fails('d1') };
    expect(rerun(first, {})).toEqual({ ran: [], told: [], failed: ['a', 'b', 'c', 'd'] });
  });
});
