import { takeViolations } from './contract-check.js';
import { endLeftovers } from './leftovers.js';

type Close = () => Promise<unknown> | void;

/** Closing takes no longer than this, unless it hangs. */
const CLOSES_WITHIN_MS = 10_000;

const open = new Set<Close>();
/**
 * Whether the file's tests are over. A test that timed out may still run, so anything it starts
 * from then on is closed at once.
 */
let over = false;

/**
 * Calls `close` after the suite's last test, whether that passed, failed or timed out. Call this in
 * the same turn in which the resource is created. Returns a function that cancels the call.
 */
export function cleanUp(close: Close): () => void {
  if (over) {
    void closed(close);
    return () => undefined;
  }
  open.add(close);
  return () => void open.delete(close);
}

/** Calls `work` every `ms`, until the returned function is called or the file's tests are over. */
export function repeat(work: () => unknown, ms: number): () => void {
  const timer = setInterval(work, ms);
  cleanUp(() => clearInterval(timer));
  return () => clearInterval(timer);
}

// A failed test skips its own clean-up, and a process or connection left open would keep Jest from
// exiting.
afterAll(async () => {
  over = true;
  const problems: unknown[] = [];
  try {
    expectNoViolations(); // check now, because the recordings are deleted with their folders
  } catch (problem) {
    problems.push(problem);
  }
  // If one fails or hangs, the others must still be closed.
  for (const close of [...open].reverse()) problems.push(...(await closed(close)));
  open.clear();
  await endLeftovers();
  if (problems.length > 0) throw problems[0];
  expectNoViolations();
}, 120_000);

/** Closes within a limited time. Returns the problem, if there was one, and never rejects. */
async function closed(close: Close): Promise<unknown[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not closed within ${CLOSES_WITHIN_MS} ms: ${String(close)}`)),
      CLOSES_WITHIN_MS,
    );
  });
  try {
    await Promise.race([close(), late]);
    return [];
  } catch (problem) {
    return [problem];
  } finally {
    clearTimeout(timer);
  }
}

// All messages that clients send and receive are checked against the AsyncAPI document; see
// ContractCheck.
afterEach(expectNoViolations);

function expectNoViolations(): void {
  const violations = takeViolations();
  if (violations.length > 0) {
    throw new Error(`Not as docs/asyncapi.yaml says:\n${violations.join('\n')}`);
  }
}
