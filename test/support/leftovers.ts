import { ChildProcess } from 'node:child_process';
import { Server as HttpServer } from 'node:http';
import { Server, Socket } from 'node:net';

/** What keeps this process running: child processes, servers, sockets. Of Node itself, though not in its documentation. */
function handles(): readonly unknown[] {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles(): unknown[] };
  return _getActiveHandles();
}

/** Jest's own, and what another test file has left. */
const earlier = new WeakSet(handles().filter((handle) => typeof handle === 'object' && handle !== null));

/**
 * Ends what this test file started and nobody closed: a test that fails may leave what it did not register with `cleanUp`, or
 * what can no longer be closed in good order. Jest would wait for it for ever.
 */
export function endLeftovers(): void {
  for (const handle of handles()) {
    if (typeof handle !== 'object' || handle === null || earlier.has(handle)) continue;
    if (handle instanceof ChildProcess) handle.kill('SIGKILL');
    else if (handle instanceof Socket) {
      if (!isStandardStream(handle)) handle.destroy();
    } else if (handle instanceof Server) {
      handle.close();
      if (handle instanceof HttpServer) handle.closeAllConnections();
    }
  }
}

/** Node makes them when they are first used, which may be in a test. */
function isStandardStream(socket: Socket): boolean {
  const { fd } = socket as { readonly fd?: number };
  return fd !== undefined && fd <= 2;
}
