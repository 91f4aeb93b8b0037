import { type IncomingMessage, type Server as HttpServer, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { releaseRequest } from './engine-io-internals.js';

type Listener = (...args: unknown[]) => void;

interface Upgrade {
  readonly socket: Duplex;
  /** The listeners for the end of the TCP connection before engine.io has added its own. */
  readonly before: readonly unknown[];
  response?: object;
  added?: Listener;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/**
 * engine.io makes a response for each upgrade. It listens for the end of the TCP connection, so it
 * lives as long as that, with the request and its headers: a quarter of the memory of an idle
 * client. Nothing uses it once the WebSocket is open. This has it found, so that {@link
 * releaseResponse} can free it. Call it before engine.io listens for upgrades.
 */
export function watchUpgrades(httpServer: HttpServer): void {
  httpServer.prependListener('upgrade', (request: IncomingMessage, socket: Duplex) => {
    upgrades.set(request, { socket, before: socket.listeners('close') });
  });
}

/** Middleware of engine.io, which must be the first that listens to the TCP connection. */
export function noteResponse(request: IncomingMessage, response: object, next: () => void): void {
  const upgrade = upgrades.get(request);
  if (upgrade && !(response instanceof ServerResponse)) {
    upgrade.response = response;
    const added = upgrade.socket.listeners('close').filter((listener) => !upgrade.before.includes(listener));
    // If there are others, it is not known which one belongs to the response: all of them stay.
    if (added.length === 1) upgrade.added = added[0] as Listener;
  }
  next();
}

/** Frees the response to an upgrade whose WebSocket is open. */
export function releaseResponse(request: IncomingMessage): void {
  const upgrade = upgrades.get(request);
  if (!upgrade) return;
  upgrades.delete(request);
  if (upgrade.response) releaseRequest(upgrade.response);
  if (upgrade.added) upgrade.socket.off('close', upgrade.added);
}
