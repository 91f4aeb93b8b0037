import type { EventEmitter } from 'node:events';

/**
 * Knows when requests that wait are over because their TCP connection is. One listener a connection, however many of its requests
 * wait: a client may send as many in a row as it likes.
 */
export class ConnectionWatch<Request extends { readonly socket: EventEmitter }> {
  private readonly waiting = new Map<
    EventEmitter,
    { readonly requests: Set<Request>; readonly stop: () => void }
  >();

  constructor(private readonly gone: (request: Request) => void) {}

  add(request: Request): void {
    const { socket } = request;
    let watched = this.waiting.get(socket);
    if (!watched) {
      const over = (): void => {
        for (const each of [...(this.waiting.get(socket)?.requests ?? [])]) this.gone(each);
      };
      // Node no longer listens for the errors of a connection that asks for an upgrade, and ws does not yet: a client that
      // resets its connection while it waits would end the process.
      socket.on('error', over).once('close', over);
      watched = { requests: new Set(), stop: () => socket.off('error', over).off('close', over) };
      this.waiting.set(socket, watched);
    }
    watched.requests.add(request);
  }

  has(request: Request): boolean {
    return this.waiting.get(request.socket)?.requests.has(request) ?? false;
  }

  delete(request: Request): void {
    const watched = this.waiting.get(request.socket);
    watched?.requests.delete(request);
    if (!watched || watched.requests.size > 0) return;
    watched.stop();
    this.waiting.delete(request.socket);
  }
}
