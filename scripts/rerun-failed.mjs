/** More failed files than this do not fail because the machine stood still. */
export const MOST_RERUN = 3;

/**
 * Runs each failed file once more, if they are few, and has its second outcome count. A file whose second outcome cannot be told
 * stays failed. A failure of Jest itself cannot be run again; if it is `harmless`, as every test had passed, it no longer counts.
 *
 * @param outcomes a map: path of a file -> `{ failed, failures, ... }`, which is updated
 * @param run runs the file of a path by itself; promises its outcome, or undefined if that cannot be told
 * @returns of each file that failed first: its path, what failed, and whether it has failed in the end
 */
export async function rerunFailed(outcomes, run) {
  const failed = [...outcomes].filter(([, { failed }]) => failed > 0);
  if (failed.length > MOST_RERUN) return [];
  const told = [];
  for (const [path, { failures, harmless }] of failed) {
    const again = harmless ? { passed: 0, failed: 0, skipped: 0, failures: [] } : await run(path);
    if (again) outcomes.set(path, again);
    told.push({ path, failures, harmless: harmless === true, failedAgain: !again || again.failed > 0 });
  }
  return told;
}
