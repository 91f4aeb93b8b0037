import { ChildProcess } from 'node:child_process';
import { Server as HttpServer } from 'node:http';
import { Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What keeps this process running: child processes, servers, sockets. Of Node itself, though not in its documentation. */
function handles(): readonly unknown[] {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles(): unknown[] };
  return _getActiveHandles();
}

/** Jest's own, and what another test file has left. */
const earlier = new WeakSet(handles().filter((handle) => typeof handle === 'object' && handle !== null));

/** Nothing takes longer to end that can be ended at all. */
const ENDS_WITHIN_MS = 10_000;
/** What ends may start something else, such as a request that is tried again. */
const QUIET_LOOKS = 3;

/**
 * Ends what this test file started and did not close, and waits until it has ended: a failed test may leave what it did not
 * register with `cleanUp`, or what can no longer be closed in good order. Jest would wait for it for ever. And whatever still
 * has something to say after Jest has torn down the file's environment makes Jest exit with 1, although every test passed: a
 * client that polls requires `http` for each of its requests, and a require is then no longer allowed.
 */
export async function endLeftovers(): Promise<void> {
  const deadline = Date.now() + ENDS_WITHIN_MS;
  for (let quiet = 0; quiet < QUIET_LOOKS;) {
    const left = endHandles();
    quiet = left.length === 0 ? quiet + 1 : 0;
    if (Date.now() > deadline)
      throw new Error(`The test file cannot end what it started: ${left.join(', ')}`);
    await delay(1);
  }
}

/** Has each end that is left; returns what they are. */
function endHandles(): string[] {
  const left: string[] = [];
  for (const handle of handles()) {
    if (typeof handle !== 'object' || handle === null || earlier.has(handle)) continue;
    if (handle instanceof ChildProcess) handle.kill('SIGKILL');
    else if (handle instanceof Socket) {
      if (isStandardStream(handle)) continue;
      handle.destroy();
    } else if (handle instanceof Server) {
      handle.close();
      if (handle instanceof HttpServer) handle.closeAllConnections();
    } else continue;
    left.push(handle.constructor.name);
  }
  return left;
}

/** Node makes them when they are first used, which may be in a test. */
function isStandardStream(socket: Socket): boolean {
  const { fd } = socket as { readonly fd?: number };
  return fd !== undefined && fd <= 2;
}
