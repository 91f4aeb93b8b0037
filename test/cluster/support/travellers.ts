import type { ManagerOptions, SocketOptions } from 'socket.io-client';
import { FeedClient } from '../../support/feed-client.js';
import { from, TRANSPORTS, UNCOMPRESSED } from '../../support/test-client.js';
import type { Routing } from './routing.js';

export const KINDS = ['websocket', 'polling', 'upgrading'] as const;
/** Only WebSocket, only polling, and polling that upgrades as a stock client does by default. */
export type Kind = (typeof KINDS)[number];

const TRAVEL: Readonly<Record<Kind, Partial<ManagerOptions>>> = {
  websocket: TRANSPORTS.websocket!,
  polling: TRANSPORTS.polling!,
  upgrading: TRANSPORTS['polling that upgrades']!,
};

/** Polling costs a machine most, so two of four clients use only WebSocket. */
const kindOf = (n: number, polling: boolean): Kind =>
  polling ? (['websocket', 'polling', 'websocket', 'upgrading'] as const)[n % 4]! : 'websocket';

export interface Traveller {
  readonly kind: Kind;
  readonly client: FeedClient;
}

/**
 * The n-th client of a cluster. If the address determines the pod, each client has its own address
 * and keeps no cookies. If a cookie does, all clients share one address, as behind a NAT.
 */
export function traveller(
  n: number,
  url: string,
  by: Routing['by'],
  options: Partial<SocketOptions>,
): Traveller {
  const kind = kindOf(n, by !== undefined);
  const travels: Partial<ManagerOptions> = {
    // Decompression for many clients in one process would delay the messages and pings behind it.
    ...UNCOMPRESSED,
    ...TRAVEL[kind],
    ...(by === 'cookie' ? { withCredentials: true } : from(`127.0.0.${1 + n}`)),
  };
  const client = FeedClient.connect(url, { ...travels, ...options }, n % 8 < 4);
  if (by === 'cookie') keepCookies(client);
  return { kind, client };
}

/**
 * Node's client loses its cookies with each connection. Browsers keep them, including those of
 * removed pods.
 */
function keepCookies({ socket: { io: manager } }: FeedClient): void {
  let kept: string[] = [];
  const own = () => [...manager.engine._cookieJar.cookies].map(([name, { value }]) => `${name}=${value}`);
  manager.on('reconnect_attempt', () => {
    const latest = own();
    if (latest.length > 0) kept = latest;
    manager.opts.extraHeaders = kept.length > 0 ? { cookie: kept.join('; ') } : {};
  });
  // From here on the client sends the cookies of this jar, or those that replaced them.
  manager.on('open', () => {
    if (own().length === 0) manager.engine._cookieJar.parseCookies(kept);
    delete manager.opts.extraHeaders?.cookie;
  });
}
