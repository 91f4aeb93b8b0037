/** If more files than this failed, a stalled machine is not the reason. */
export const MOST_RERUN = 3;

/**
 * Runs each failed file once more, if there are only a few, and uses its second outcome. A file
 * without a second outcome stays failed. A failure of Jest itself cannot be run again. If it is
 * `harmless`, because every test had passed, it no longer counts.
 * @param outcomes a map from the path of a file to `{ failed, failures, ... }`, which is updated
 * @param run runs one file by its path, and resolves to its outcome, or undefined if that is
 * unknown
 * @returns for each file that failed first: its path, its failures, and whether it failed again
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
