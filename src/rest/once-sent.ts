import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What is called for the responses that each connection has not finished. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `release` once: when the client has taken the response, or when its connection closes. Node
 * says nothing to a response that waits behind another one of a connection that closes, because
 * only the first one of them has the socket.
 */
export function onceSent(response: ServerResponse, socket: Socket, release: () => void): void {
  const releases = releasesOf(socket);
  const finish = (): void => {
    if (releases.delete(finish)) release();
  };
  releases.add(finish);
  response.once('close', finish);
  if (socket.destroyed) finish();
}

function releasesOf(socket: Socket): Set<() => void> {
  let releases = waiting.get(socket);
  if (!releases) {
    const all = (releases = new Set());
    waiting.set(socket, all);
    socket.once('close', () => {
      for (const finish of all) finish();
    });
  }
  return releases;
}
