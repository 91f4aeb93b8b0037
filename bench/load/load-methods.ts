import type { LatencyCounts } from './latency-histogram.js';
import type { ClientProfile } from './client-stream.js';
import type { SequenceFaults } from './sequence-check.js';

export type Dialect =
  | 'socket.io'
  | 'socket.io-messagepack'
  | 'plain-websocket'
  | 'plain-messagepack'
  | 'event-source'
  | 'nats'
  | 'text'
  | 'centrifugo';

/** The clients of one load generator. */
export interface Crowd {
  readonly dialect: Dialect;
  readonly port: number;
  /** The path of their request. */
  readonly path: string;
  /** The subprotocol that they offer, if any. */
  readonly subprotocol: string | undefined;
  /** The loopback address that they connect from. */
  readonly localAddress: string;
  /** Whether they offer permessage-deflate, as browsers do. */
  readonly offersDeflate: boolean;
  /** The number of concurrent handshakes. */
  readonly connectingAtOnce: number;
  readonly profiles: readonly ClientProfile[];
  /** For each client, the index of its profile. */
  readonly profileOf: readonly number[];
  /** How many evenly spread clients are sampled. */
  readonly sampled: number;
  /**
   * How many evenly spread clients can be told to stop reading. Their order is checked, but they
   * are not counted.
   */
  readonly stallable: number;
  /** How many products the publisher sends in turn. */
  readonly products: number;
}

/** The messages received since `openWindow`. */
export interface LoadWindow {
  readonly seconds: number;
  readonly deliveries: number;
  readonly bytes: number;
  readonly latencies: LatencyCounts;
}

/** How the clients lose their connections. */
export interface CutPlan {
  /** The mean time between two cuts of a client. */
  readonly everyMs: number;
  /** How long a client waits until it connects again. */
  readonly offlineMs: number;
}

export interface SettleInput {
  /** How many messages of each product were published since `reset`. */
  readonly published: readonly number[];
  /** The newest number of each product. */
  readonly newest: readonly number[];
  /** Stop waiting if nothing has arrived for so long, or after `timeoutMs`. */
  readonly quietMs: number;
  readonly timeoutMs: number;
}

export interface Settled {
  /** The messages that were published to all clients that did not stall. */
  readonly due: number;
  /** Summed over all clients that did not stall. */
  readonly lost: number;
  readonly surplus: number;
  /** The measurements of the sampled clients. */
  readonly faults: SequenceFaults;
  /** How many sampled clients got everything once and in order, and how many there are. */
  readonly intact: number;
  readonly sampled: number;
  /** How often a client that resumed a product was told that it may have missed updates. */
  readonly notRecovered: number;
  /** How long clients that resumed took until they had what they missed. */
  readonly catchUps: LatencyCounts;
  /** Closed connections and received error messages since the beginning. */
  readonly closed: number;
  readonly errors: number;
  readonly stalled: {
    /** How many of the stalled clients did not end with the newest message of each product. */
    readonly stale: number;
    readonly older: number;
    readonly twice: number;
  };
}

export interface Connected {
  /** The monotonic times of the first connect and of the last client's readiness. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly ready: number;
}

/** The methods of a load generator. */
export interface LoadMethods {
  connect: { input: Crowd; output: Connected };
  /** Starts counting, because the publisher is about to start. */
  reset: { input: undefined; output: void };
  openWindow: { input: undefined; output: void };
  closeWindow: { input: undefined; output: LoadWindow };
  stall: { input: undefined; output: void };
  resume: { input: undefined; output: void };
  /** From now on, cuts the connection of each client again and again. */
  startCuts: { input: CutPlan; output: void };
  /** Returns how many there were. The clients that are offline still connect again. */
  stopCuts: { input: undefined; output: { readonly cuts: number } };
  settle: { input: SettleInput; output: Settled };
}
