import type { GatewayServer, GatewaySocket } from './socket-server.js';

type Connection = GatewaySocket['conn'];

/** CONNECT packets of one connection. A stock client sends one; those of other namespaces are all refused. */
const MAX_CONNECT_PACKETS = 10;
/** How a CONNECT packet begins in Socket.IO's protocol. */
const CONNECT = '0';

/** What a session by polling that was closed has to fetch the news, ms. engine.io has 30 s, in which it takes a client's place. */
const POLLING_CLOSE_TIMEOUT_MS = 5_000;

/** To be called once the server is attached. Source: `closeTimeout` of engine.io's polling transport. */
export function shortenPollingClose(server: GatewayServer): void {
  server.engine.on('connection', ({ transport }: { transport: { closeTimeout?: unknown } }) => {
    if (transport.closeTimeout !== undefined) transport.closeTimeout = POLLING_CLOSE_TIMEOUT_MS;
  });
}

/**
 * Closes a connection that asks too often to be let into a namespace: each time costs a look at its token, and the answers
 * would pile up for a client that does not read them, for no limit of the fan-out engine counts what is not in the namespace.
 *
 * To be called once the server is attached.
 */
export function limitConnectPackets(server: GatewayServer): void {
  server.engine.on('connection', (connection: Connection) => {
    let packets = 0;
    const count = (data: unknown): void => {
      if (typeof data !== 'string' || !data.startsWith(CONNECT) || ++packets <= MAX_CONNECT_PACKETS) return;
      // Without waiting for what it has yet to read: the rest of what came in the same turn is not looked at.
      connection.close(true);
    };
    // Before Socket.IO looks at it.
    connection.prependListener('data', count);
  });
}

/**
 * Whether a connection has entered the namespace before, and is in it still. Socket.IO closes a connection that sends CONNECT
 * again, but not where the second comes before the first is done: as many sockets as that are made, each of which would
 * get every update, on the same connection.
 */
export function isSecondEntry(client: GatewaySocket): boolean {
  const { sockets } = client.client as unknown as { readonly sockets: ReadonlyMap<string, unknown> };
  return sockets.size > 1;
}
