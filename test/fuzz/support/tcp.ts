import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { cleanUp } from '../../support/cleanup.js';

/** A TCP connection to a port of this machine that ignores errors. */
export async function openTcp(port: number, localAddress?: string): Promise<TcpSocket> {
  const tcp = connect({ port, host: '127.0.0.1', ...(localAddress !== undefined && { localAddress }) });
  tcp.setNoDelay(true);
  const forget = cleanUp(() => void tcp.destroy());
  tcp.once('close', forget);
  await once(tcp, 'connect');
  tcp.on('error', () => undefined);
  return tcp;
}

/** Resolves once `settle` was called, or with `otherwise` after a time in ms. */
export function within<T>(ms: number, otherwise: T, wait: (settle: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(otherwise), ms);
    wait((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
