import type { ViewRequest } from '../../src/contract/index.js';
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
  readonly rooms: readonly {
    readonly type: 'product' | 'chain';
    readonly symbol: string;
    /** Only the gateway has views. */
    readonly view?: ViewRequest;
  }[];
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
  /** The subprotocol that a client offers, if any. */
  readonly subprotocol?: string;
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

/** How clients talk to a server. */
export type Protocol = Pick<Peer, 'dialect' | 'path' | 'subprotocol' | 'profile'>;

const SOCKET_IO_PATH = '/socket.io/?EIO=4&transport=websocket';

/** Socket.IO clients with the gateway's contract. */
export const SOCKET_IO: Protocol = { dialect: 'socket.io', path: SOCKET_IO_PATH, profile: socketIoProfile };

/** The gateway's plain WebSocket. */
export const PLAIN_WEBSOCKET: Protocol = {
  dialect: 'plain-websocket',
  path: '/ws',
  profile: (workload) => gatewayProfile(workload, (event, data) => JSON.stringify({ event, data })),
};

/** Socket.IO clients with `socket.io-msgpack-parser`. */
export const SOCKET_IO_MESSAGEPACK: Protocol = { ...SOCKET_IO, dialect: 'socket.io-messagepack' };

/** The gateway's plain WebSocket, with MessagePack. */
export const PLAIN_MESSAGEPACK: Protocol = {
  ...PLAIN_WEBSOCKET,
  dialect: 'plain-messagepack',
  subprotocol: 'deltastream.v1.msgpack',
};

/** The gateway's server-sent events. All clients have the rooms of `workload`. */
export function eventSource({ everything, rooms }: Workload): Protocol {
  const names = [...(everything ? ['general'] : []), ...rooms.map(({ type, symbol }) => `${type}:${symbol}`)];
  return {
    dialect: 'event-source',
    path: `/sse?rooms=${names.join(',')}`,
    profile: ({ keys, snapshots }) => ({ greeting: [], confirmations: names.length, snapshots, keys }),
  };
}

function socketIoProfile(workload: Workload): ClientProfile {
  const { rooms, keys, snapshots, resumes } = workload;
  if (resumes) {
    const symbols = rooms.map(({ symbol }) => symbol);
    return { greeting: [], confirmations: rooms.length, snapshots, keys, resumes: symbols };
  }
  return gatewayProfile(workload, (event, data) => `42${JSON.stringify([event, data])}`);
}

/** @param request writes a request in the protocol of the client */
function gatewayProfile(
  { everything, rooms, keys, snapshots }: Workload,
  request: (event: string, data: object) => string,
): ClientProfile {
  const greeting = rooms.map((room) => request('subscribe', room));
  if (!everything) greeting.unshift(request('unsubscribe', { type: 'general' }));
  return { greeting, confirmations: greeting.length, snapshots, keys };
}
