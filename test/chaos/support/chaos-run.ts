import type { ManagerOptions } from 'socket.io-client';
import { GENERAL_ROOM, productRoom } from '../../../src/contract/index.js';
import { Crowd, table } from '../../support/crowd.js';
import { FeedClient, ROOMS } from '../../support/feed-client.js';
import { CHAIN, type NumberedFeed, PRODUCTS, RESTING, STREAMS } from '../../support/numbered-feed.js';
import { SseTransport } from '../../support/sse-transport.js';
import { from, TRANSPORTS, UNCOMPRESSED } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';
import { expectAgreement } from './agreement.js';
import { type ChaosCluster, SILENCE_MS } from './chaos-cluster.js';

export const CLIENTS = 300;

/** Within this time after a fault, every client must have the newest number of every stream. */
const CONVERGES_WITHIN_MS = 5_000;
/** Every replica and Redis must have it, too. The machine may stall meanwhile. */
const AGREES_WITHIN_MS = 20_000;

/** Clients that are not told by their library watch for the pings themselves. */
const NOTICES_SILENCE = { silenceMs: SILENCE_MS } as Partial<ManagerOptions>;

/** Runs a fault from its beginning to its end. It must call `meanwhile` once at some time. */
export type Fault = (meanwhile: () => void) => Promise<unknown>;

/** The counters follow at once, but a busy machine may take longer. */
const SETTLES_WITHIN_MS = 60_000;

export interface FaultOptions {
  /** Whether clients may be disconnected. */
  readonly disconnects?: boolean;
}

interface Figures {
  readonly fault: string;
  readonly seconds: number;
  readonly reconnections: number;
  readonly messages: number;
  readonly worstGapMs: number;
  readonly convergedMs: number;
}

/** A cluster with 300 clients and a feed. */
export class ChaosRun {
  private readonly figures: Figures[] = [];

  private constructor(
    readonly cluster: ChaosCluster,
    readonly feed: NumberedFeed,
    private readonly crowd: Crowd,
  ) {}

  /** @param urlOf the address to which the n-th client connects */
  static async start(
    cluster: ChaosCluster,
    feed: NumberedFeed,
    urlOf: (n: number) => string = () => cluster.url,
  ): Promise<ChaosRun> {
    await feed.touch();
    feed.start();
    const known = cluster.replicas.length * STREAMS.length;
    await waitFor(async () => (await cluster.sum('socket_gateway_cache_entries')) === known);
    const clients = Array.from({ length: CLIENTS }, (_, n) => {
      const staysInGeneral = n % 2 === 0;
      const options = { ...transportOf(n, staysInGeneral), ...from(`127.0.0.${1 + (n % 250)}`) };
      return FeedClient.connect(urlOf(n), options, staysInGeneral);
    });
    const run = new ChaosRun(cluster, feed, new Crowd(clients));
    await run.converge();
    await run.settle();
    return run;
  }

  /**
   * Does the same as `endure`, and reports the result. Returns the times at which clients
   * reconnected, in ms.
   */
  async survive(name: string, fault: Fault, options: FaultOptions = {}): Promise<number[]> {
    const { messages } = this.crowd;
    const { begun, ended, converged } = await this.endure(fault, options);
    const returned = this.clients.flatMap(({ connectedAt }) => connectedAt.filter((at) => at > begun));
    this.figures.push({
      fault: name,
      seconds: (ended - begun) / 1_000,
      reconnections: returned.length,
      messages: this.crowd.messages - messages,
      worstGapMs: this.crowd.worstGapMs,
      convergedMs: converged - ended,
    });
    return returned;
  }

  /** Runs a fault, and checks what the gateway promises to clients. */
  async endure(fault: Fault, { disconnects = false }: FaultOptions = {}) {
    await this.converge();
    await this.settle();
    const disconnected = this.crowd.disconnects;
    this.crowd.begin();
    const begun = performance.now();
    // A single price without a successor: clients that miss it must be sent it later.
    let touched: Promise<void> | undefined;
    await fault(() => void (touched ??= this.feed.touch()));
    const ended = performance.now();
    if (!touched) throw new Error('a fault lets one price come meanwhile');
    await touched;
    const left = CONVERGES_WITHIN_MS - (performance.now() - ended);
    // This process itself may have been stalled since the fault ended.
    await this.converge(Math.max(left, CONVERGES_WITHIN_MS / 2));
    const converged = performance.now();
    await this.agree();
    await this.settle();
    this.crowd.expectUnharmed();
    const lost = this.crowd.disconnects - disconnected;
    if (!disconnects && lost > 0) throw new Error(`${lost} connections were lost`);
    return { begun, ended, converged };
  }

  /** Waits until every client has everything that Redis has accepted by now. */
  async converge(timeoutMs?: number): Promise<void> {
    await this.crowd.converge(this.feed.taken, timeoutMs);
  }

  /**
   * Waits until every replica and Redis have the newest number of the product that does not tick.
   */
  async agree(): Promise<void> {
    const newest = this.feed.taken.get(RESTING)!;
    await expectAgreement(
      this.cluster.replicas.map(({ process }) => process.url),
      this.feed.redis,
      new Map([[RESTING, newest]]),
      AGREES_WITHIN_MS,
    );
  }

  /**
   * Checks that the replicas' counters are correct, and that no client considers a moving price
   * stale.
   */
  async settle(): Promise<void> {
    const { cluster, crowd } = this;
    const expected = {
      socket_gateway_connections: CLIENTS,
      [`socket_gateway_room_members{kind="${GENERAL_ROOM}"}`]: CLIENTS / 2,
      'socket_gateway_room_members{kind="product"}': (ROOMS - 1) * CLIENTS,
      'socket_gateway_room_members{kind="chain"}': CLIENTS,
      socket_gateway_feed_up: cluster.replicas.length,
      socket_gateway_lagging_clients: 0,
      socket_gateway_handshakes_queued: 0,
      socket_gateway_draining: 0,
    };
    for (const [sample, value] of Object.entries(expected)) {
      let seen = -1;
      await waitFor(
        async () => (seen = await cluster.sum(sample)) === value,
        () => `${sample} is ${seen} in all, not ${value}; ${crowd.oddities()}`,
        SETTLES_WITHIN_MS,
      );
    }
    await waitFor(() => !crowd.holdsMovingPricesForStale, 'clients consider a moving price stale');
  }

  /** The measurements, as a table. */
  report(): string {
    const head = ['fault', 'seconds', 'reconnections', 'messages', 'worst gap ms', 'converged ms'];
    const rows = this.figures.map((row) => [
      row.fault,
      Math.round(row.seconds * 10) / 10,
      row.reconnections,
      row.messages,
      Math.round(row.worstGapMs),
      Math.round(row.convergedMs),
    ]);
    return table(head, rows);
  }

  /** Disconnects the clients, and checks that nothing is left of them. */
  async stop(): Promise<void> {
    this.feed.pause();
    this.crowd.leave();
    await waitFor(
      async () => (await this.cluster.sum('socket_gateway_connections')) === 0,
      'clients are left',
    );
    for (const kind of [GENERAL_ROOM, 'product', 'chain']) {
      const rooms = await this.cluster.sum(`socket_gateway_rooms{kind="${kind}"}`);
      if (rooms !== 0) throw new Error(`${rooms} rooms of kind ${kind} are left`);
    }
  }

  get clients(): readonly FeedClient[] {
    return this.crowd.clients;
  }
}

/** The maximum number of `times` within any interval of `length`. */
export function largestCount(times: readonly number[], length: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(
    0,
    ...sorted.map((from, n) => sorted.filter((at, m) => m >= n && at < from + length).length),
  );
}

/**
 * How the n-th client connects: a fifth of them by each transport and encoding. Of those of
 * Socket.IO with JSON, a third connect as the stock client does by default, and most others as the
 * platform's front end does. Only few use polling, because it costs a machine most. Only few accept
 * compressed messages, because the clients of one process would wait for each other's
 * decompression.
 */
function transportOf(n: number, staysInGeneral: boolean): Partial<ManagerOptions> {
  const nth = Math.floor(n / 5);
  switch (n % 5) {
    case 1:
      return { ...UNCOMPRESSED, ...TRANSPORTS['plain websocket'], ...NOTICES_SILENCE };
    case 2:
      return { ...UNCOMPRESSED, ...TRANSPORTS['plain websocket with MessagePack'], ...NOTICES_SILENCE };
    case 3:
      return { ...UNCOMPRESSED, ...TRANSPORTS['websocket with MessagePack'] };
    case 4: {
      const rooms = [
        ...(staysInGeneral ? [GENERAL_ROOM] : []),
        ...PRODUCTS.map(productRoom),
        `chain:${CHAIN}`,
      ];
      return { transports: [SseTransport], rooms, ...NOTICES_SILENCE } as Partial<ManagerOptions>;
    }
  }
  if (nth % 10 === 8) return TRANSPORTS.polling!;
  if (nth % 5 === 4) return TRANSPORTS['polling that upgrades']!;
  return { ...UNCOMPRESSED, transports: nth % 3 === 0 ? ['polling', 'websocket'] : ['websocket', 'polling'] };
}
