import { isAbsolute, relative } from 'node:path';

/** How many of the slowest files are named. */
const SLOWEST = 10;

/**
 * The report at the end: the files that failed first, the failures of Jest itself, the slowest
 * files, and the counts as the last line.
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
  const sum = (count) => [...outcomes.values()].reduce((total, outcome) => total + outcome[count], 0);
  const skipped = sum('skipped');
  lines.push(`${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return lines;
}
