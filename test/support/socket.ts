import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { cleanUp } from './cleanup.js';

/**
 * The socket of a stock client, on its own connection. It disconnects at the end of the test file,
 * because a client left behind would reconnect forever. It does not reconnect unless `options` say
 * so.
 */
export function openSocket(url: string, options: Partial<ManagerOptions & SocketOptions> = {}): Socket {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  cleanUp(() => void socket.disconnect());
  return socket;
}
