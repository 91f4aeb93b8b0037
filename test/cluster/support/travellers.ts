import type { ManagerOptions, SocketOptions } from 'socket.io-client';
import { FeedClient } from '../../support/feed-client.js';
import { from, TRANSPORTS, UNCOMPRESSED } from '../../support/test-client.js';
import type { Routing } from './routing.js';

export const KINDS = ['websocket', 'polling', 'upgrading'] as const;
/** By WebSocket alone, by polling alone, and by polling that upgrades as a stock client does by default. */
export type Kind = (typeof KINDS)[number];

const TRAVEL: Readonly<Record<Kind, Partial<ManagerOptions>>> = {
  websocket: TRANSPORTS.websocket!,
  polling: TRANSPORTS.polling!,
  upgrading: TRANSPORTS['polling that upgrades']!,
};

/** Polling costs a machine most: of four clients two have WebSocket alone. */
const kindOf = (n: number, polling: boolean): Kind =>
  polling ? (['websocket', 'polling', 'websocket', 'upgrading'] as const)[n % 4]! : 'websocket';

export interface Traveller {
  readonly kind: Kind;
  readonly client: FeedClient;
}

/**
 * The n-th client of a cluster. Where the address decides, each has one of its own and none keeps cookies; where a cookie does, all
 * have one address, as behind a NAT.
 */
export function traveller(
  n: number,
  url: string,
  by: Routing['by'],
  options: Partial<SocketOptions>,
): Traveller {
  const kind = kindOf(n, by !== undefined);
  const travels: Partial<ManagerOptions> = {
    // Compressed messages to many clients in one process would wait for each other, and so would pings behind them.
    ...UNCOMPRESSED,
    ...TRAVEL[kind],
    ...(by === 'cookie' ? { withCredentials: true } : from(`127.0.0.${1 + n}`)),
  };
  const client = FeedClient.connect(url, { ...travels, ...options }, n % 8 < 4);
  if (by === 'cookie') keepCookies(client);
  return { kind, client };
}

/** Node's client forgets its cookies with each connection; browsers keep them, and bring those of pods that are gone. */
function keepCookies({ socket: { io: manager } }: FeedClient): void {
  let kept: string[] = [];
  const own = () => [...manager.engine._cookieJar.cookies].map(([name, { value }]) => `${name}=${value}`);
  manager.on('reconnect_attempt', () => {
    const latest = own();
    if (latest.length > 0) kept = latest;
    manager.opts.extraHeaders = kept.length > 0 ? { cookie: kept.join('; ') } : {};
  });
  // From here on its own jar brings them, or those that came in their place.
  manager.on('open', () => {
    if (own().length === 0) manager.engine._cookieJar.parseCookies(kept);
    delete manager.opts.extraHeaders?.cookie;
  });
}
