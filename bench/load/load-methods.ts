import type { LatencyCounts } from './latency-histogram.js';
import type { ClientProfile } from './client-stream.js';
import type { SequenceFaults } from './sequence-check.js';

export type Dialect = 'socket.io' | 'nats' | 'nchan';

/** Clients of one load generator. */
export interface Crowd {
  readonly dialect: Dialect;
  readonly port: number;
  /** The path of the upgrade request. */
  readonly path: string;
  /** The loopback address they come from. */
  readonly localAddress: string;
  /** Whether they offer permessage-deflate, as browsers do. */
  readonly offersDeflate: boolean;
  readonly profiles: readonly ClientProfile[];
  /** For each client, which of the profiles is its. */
  readonly profileOf: readonly number[];
  /** How many clients, evenly spread, are looked at closely. */
  readonly sampled: number;
  /** How many, evenly spread, can be told to stop reading; they are checked for order and not counted. */
  readonly stallable: number;
  /** How many products the publisher goes round. */
  readonly products: number;
}

/** What came in since `openWindow`. */
export interface LoadWindow {
  readonly seconds: number;
  readonly deliveries: number;
  readonly bytes: number;
  readonly latencies: LatencyCounts;
}

export interface SettleInput {
  /** How many messages of each product were published since `reset`. */
  readonly published: readonly number[];
  /** Each product's newest number. */
  readonly newest: readonly number[];
  /** Give up waiting when nothing has come for so long, or after `timeoutMs`. */
  readonly quietMs: number;
  readonly timeoutMs: number;
}

export interface Settled {
  readonly deliveries: number;
  /** Summed over all clients that did not stall. */
  readonly lost: number;
  readonly surplus: number;
  /** What the sampled clients saw. */
  readonly faults: SequenceFaults;
  /** Connections that ended, and error messages that came, since the beginning. */
  readonly closed: number;
  readonly errors: number;
  readonly stalled: {
    /** Of the clients that had stalled: how many did not end with the newest message of each product. */
    readonly stale: number;
    readonly older: number;
    readonly twice: number;
  };
}

export interface Connected {
  /** Monotonic times of the first connect and of the last client's readiness. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly ready: number;
}

/** What a load generator can be told to do. */
export interface LoadMethods {
  connect: { input: Crowd; output: Connected };
  /** Counting for exactness begins: the publisher is about to start. */
  reset: { input: undefined; output: void };
  openWindow: { input: undefined; output: void };
  closeWindow: { input: undefined; output: LoadWindow };
  stall: { input: undefined; output: void };
  resume: { input: undefined; output: void };
  settle: { input: SettleInput; output: Settled };
}
