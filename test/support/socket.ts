import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { cleanUp } from './cleanup.js';

/**
 * A stock client's socket, on a connection of its own. It disconnects at the end of the test file: a client left behind would
 * reconnect for ever. It does not reconnect unless `options` say so.
 */
export function openSocket(url: string, options: Partial<ManagerOptions & SocketOptions> = {}): Socket {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  cleanUp(() => void socket.disconnect());
  return socket;
}
