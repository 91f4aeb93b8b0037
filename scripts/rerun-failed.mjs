/** More failed files than this do not fail because the machine stood still. */
export const MOST_RERUN = 3;

/**
 * Runs each failed file once more, if they are few, and has its second outcome count. A file whose second outcome nobody can tell
 * stays failed.
 *
 * @param outcomes a map: path of a file -> `{ failed, failures, ... }`, which is updated
 * @param run runs the file of a path by itself; answers its outcome, or undefined if that cannot be told
 * @returns of each file that was run again: its path, what failed first, and whether it failed again
 */
export function rerunFailed(outcomes, run) {
  const failed = [...outcomes].filter(([, { failed }]) => failed > 0);
  if (failed.length > MOST_RERUN) return [];
  return failed.map(([path, { failures }]) => {
    const again = run(path);
    if (again) outcomes.set(path, again);
    return { path, failures, failedAgain: !again || again.failed > 0 };
  });
}
