import { takeViolations } from './contract-check.js';
import { endLeftovers } from './leftovers.js';

type Close = () => Promise<unknown> | void;

/** Longer than this nothing takes to close that still can be. */
const CLOSES_WITHIN_MS = 10_000;

const open = new Set<Close>();
/** The file's tests are over. One that timed out may still run on: what it starts from here on is closed at once. */
let over = false;

/**
 * Has `close` called after the suite's last test, whether it passed, failed or timed out. To be called in the turn in which there
 * is something to close. Answers a function that withdraws it.
 */
export function cleanUp(close: Close): () => void {
  if (over) {
    void closed(close);
    return () => undefined;
  }
  open.add(close);
  return () => void open.delete(close);
}

/** Calls `work` every `ms` until the function that it answers is called, or until the file's tests are over. */
export function repeat(work: () => unknown, ms: number): () => void {
  const timer = setInterval(work, ms);
  cleanUp(() => clearInterval(timer));
  return () => clearInterval(timer);
}

// A failed test skips its own clean-up; a process or a connection left open would keep Jest from ending.
afterAll(async () => {
  over = true;
  const problems: unknown[] = [];
  try {
    expectNoViolations(); // recordings go with their folders
  } catch (problem) {
    problems.push(problem);
  }
  // One that fails, or never ends, must not keep the others from being closed.
  for (const close of [...open].reverse()) problems.push(...(await closed(close)));
  open.clear();
  await endLeftovers();
  if (problems.length > 0) throw problems[0];
  expectNoViolations();
}, 120_000);

/** Closes within a bounded time. Answers what went wrong, if anything did; never rejects. */
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

// All that clients send and receive is held against the AsyncAPI document; see ContractCheck.
afterEach(expectNoViolations);

function expectNoViolations(): void {
  const violations = takeViolations();
  if (violations.length > 0) {
    throw new Error(`Not as docs/asyncapi.yaml says:\n${violations.join('\n')}`);
  }
}
