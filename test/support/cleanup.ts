import { takeViolations } from './contract-check.js';

const open = new Set<() => Promise<unknown> | void>();

/** Has `close` called after the suite's last test, whether it passed or not. Answers a function that withdraws it. */
export function cleanUp(close: () => Promise<unknown> | void): () => void {
  open.add(close);
  return () => void open.delete(close);
}

// A failed test skips its own clean-up; a process or a connection left open would keep Jest from ending.
afterAll(async () => {
  try {
    expectNoViolations(); // recordings go with their folders
  } finally {
    for (const close of [...open].reverse()) await close();
    open.clear();
  }
  expectNoViolations();
});

// All that clients send and receive is held against the AsyncAPI document; see ContractCheck.
afterEach(expectNoViolations);

function expectNoViolations(): void {
  const violations = takeViolations();
  if (violations.length > 0) {
    throw new Error(`Not as docs/asyncapi.yaml says:\n${violations.join('\n')}`);
  }
}
