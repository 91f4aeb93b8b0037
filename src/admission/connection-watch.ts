import type { EventEmitter } from 'node:events';

/**
 * Notices when waiting requests have ended because their TCP connection has closed. It registers
 * one listener for each connection, not for each request: a client may pipeline any number of
 * requests on one connection.
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
      // Node stops listening for the errors of a connection that asks for an upgrade, and ws has
      // not started yet. Without this listener, a client that resets its connection while it waits
      // would crash the process.
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
