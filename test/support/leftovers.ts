import { ChildProcess } from 'node:child_process';
import { Server as HttpServer } from 'node:http';
import { Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The handles that keep this process running: child processes, servers, sockets. Node has this
 * function, but does not document it.
 */
function handles(): readonly unknown[] {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles(): unknown[] };
  return _getActiveHandles();
}

/** The handles of Jest, and those left by another test file. */
const earlier = new WeakSet(handles().filter((handle) => typeof handle === 'object' && handle !== null));

/** Nothing takes longer to close, unless it cannot be closed. */
const ENDS_WITHIN_MS = 10_000;
/** A handle that closes may open another one, such as a request that is retried. */
const QUIET_LOOKS = 3;

/**
 * Closes what this test file started and did not close, and waits until it has ended. A failed test
 * may leave a resource that it did not register with `cleanUp`, or that can no longer be closed
 * properly. Jest would wait for it forever. Code that still runs after Jest has torn down the
 * file's environment makes Jest exit with 1, although every test passed. For example, a polling
 * client requires `http` for each of its requests, and a require is then no longer allowed.
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

/** Closes every handle that is left, and returns them. */
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

/** Node creates these when they are first used, which may happen in a test. */
function isStandardStream(socket: Socket): boolean {
  const { fd } = socket as { readonly fd?: number };
  return fd !== undefined && fd <= 2;
}
