import { isAbsolute, relative } from 'node:path';

/** How many of the slowest files are named. */
const SLOWEST = 10;

/**
 * The report at the end: the files that failed first, the failures of Jest itself, the slowest
 * files, the counts of each Node.js, and the counts of all as the last line.
 * @param root the project's folder
 * @param outcomes a map from the path of a file to its outcome
 * @param failedFirst the result of `rerunFailed`
 */
export function endReport(root, outcomes, failedFirst) {
  const name = (path) => (isAbsolute(path) ? relative(root, path) : path);
  const lines = [];
  const say = (head, details) => lines.push(head, ...details.map((detail) => `  ${detail}`));
  for (const { path, failures, harmless, failedAgain } of failedFirst) {
    const then = harmless
      ? 'after every test had passed'
      : failedAgain
        ? 'and failed again by itself'
        : 'and passed by itself';
    say(`Failed first, ${then}: ${name(path)}`, failures);
  }
  const told = new Set(failedFirst.map(({ path }) => path));
  for (const [path, { failed, failures }] of outcomes) {
    if (failed > 0 && !told.has(path)) say(`Failed: ${name(path)}`, failures);
  }
  const timed = [...outcomes].filter(([, { seconds }]) => seconds !== undefined);
  if (timed.length > 1) {
    const slowest = timed.sort(([, a], [, b]) => b.seconds - a.seconds).slice(0, SLOWEST);
    say(
      'Slowest files:',
      slowest.map(([path, { seconds }]) => `${seconds.toFixed(1).padStart(6)} s  ${name(path)}`),
    );
  }
  const all = [...outcomes.values()];
  // A test that ran with two versions of Node.js counts twice.
  const versions = new Set(all.map(({ node }) => node).filter((version) => version !== undefined));
  for (const version of versions) {
    lines.push(`Node.js ${version}: ${counts(all.filter(({ node }) => node === version))}`);
  }
  lines.push(counts(all));
  return lines;
}

function counts(outcomes) {
  const sum = (count) => outcomes.reduce((total, outcome) => total + outcome[count], 0);
  const skipped = sum('skipped');
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
