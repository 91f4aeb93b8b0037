import type { ClientProfile } from '../load/client-stream.js';
import type { Dialect } from '../load/load-methods.js';
import type { PublishTarget } from '../publish/publisher-methods.js';

/** What one client subscribes to and expects to receive. Each peer translates it into requests of its own protocol. */
export interface Workload {
  /** Everything of all products, as every client of the gateway gets until it leaves `general`. */
  readonly everything: boolean;
  readonly rooms: readonly { readonly type: 'product' | 'chain'; readonly symbol: string }[];
  /** The products (their indexes) of whose numbered messages it then gets each. */
  readonly keys: readonly number[];
  /** Snapshots that come on subscription. */
  readonly snapshots: number;
}

export interface PeerOptions {
  /** One subject for each product, where the peer has subjects. */
  readonly subjectPerProduct: boolean;
}

/** A server under test, running. */
export interface Peer {
  readonly dialect: Dialect;
  readonly port: number;
  /** The path of a client's upgrade request. */
  readonly path: string;
  /** Where the publisher sends to. */
  readonly target: PublishTarget;
  /** The server's processes, the broker before it left out. */
  readonly pids: readonly number[];
  /** The Redis it stands on, where it does. */
  readonly redisUrl?: string;
  profile(workload: Workload): ClientProfile;
  stop(): Promise<void>;
}

export type Skipped = { readonly skipped: string };

/** Starts a server of one's own; says why where that cannot be done on this machine. */
export type StartPeer = (options: PeerOptions) => Promise<Peer | Skipped>;

export const SOCKET_IO_PATH = '/socket.io/?EIO=4&transport=websocket';

/** Socket.IO clients of the gateway's contract. */
export function socketIoProfile({ everything, rooms, keys, snapshots }: Workload): ClientProfile {
  const greeting = rooms.map(({ type, symbol }) => `42["subscribe",${JSON.stringify({ type, symbol })}]`);
  // The plain peer, as the seeds, wants a symbol; the gateway does not mind one.
  if (!everything) greeting.unshift('42["unsubscribe",{"type":"general"}]');
  return { greeting, confirmations: greeting.length, snapshots, keys };
}
