import type { ClientProfile } from '../load/client-stream.js';
import type { Dialect } from '../load/load-methods.js';
import type { PublishTarget } from '../publish/publisher-methods.js';

/**
 * The subscriptions of one client, and the messages it expects. Each peer translates them into
 * requests of its protocol.
 */
export interface Workload {
  /**
   * All messages of all products, which every client of the gateway receives until it leaves
   * `general`.
   */
  readonly everything: boolean;
  readonly rooms: readonly { readonly type: 'product' | 'chain'; readonly symbol: string }[];
  /** The indexes of the products whose numbered messages it then receives. */
  readonly keys: readonly number[];
  /** After a reconnection, subscribe to the rooms since the newest update. Only for products. */
  readonly resumes?: boolean;
  /** The number of snapshots after the subscription. */
  readonly snapshots: number;
}

export interface PeerOptions {
  /** One subject for each product, if the peer has subjects. */
  readonly subjectPerProduct: boolean;
}

/** A running server under test. */
export interface Peer {
  readonly dialect: Dialect;
  readonly port: number;
  /** The path of a client's upgrade request. */
  readonly path: string;
  /** The target of the publisher. */
  readonly target: PublishTarget;
  /** The server's processes, without the broker. */
  readonly pids: readonly number[];
  /** The Redis it uses, if it uses one. */
  readonly redisUrl?: string;
  profile(workload: Workload): ClientProfile;
  stop(): Promise<void>;
}

export type Skipped = { readonly skipped: string };

/** Starts a private server, or returns the reason why this machine cannot run it. */
export type StartPeer = (options: PeerOptions) => Promise<Peer | Skipped>;

export const SOCKET_IO_PATH = '/socket.io/?EIO=4&transport=websocket';

/** Socket.IO clients with the gateway's contract. */
export function socketIoProfile({ everything, rooms, keys, snapshots, resumes }: Workload): ClientProfile {
  const symbols = rooms.map(({ symbol }) => symbol);
  if (resumes) return { greeting: [], confirmations: rooms.length, snapshots, keys, resumes: symbols };
  const greeting = rooms.map(({ type, symbol }) => `42["subscribe",${JSON.stringify({ type, symbol })}]`);
  // The plain peer requires a symbol, like the original service. The gateway ignores it.
  if (!everything) greeting.unshift('42["unsubscribe",{"type":"general"}]');
  return { greeting, confirmations: greeting.length, snapshots, keys };
}
