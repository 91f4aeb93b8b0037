import { setTimeout as delay } from 'node:timers/promises';
import { GENERAL_ROOM } from '../../../src/contract/index.js';
import { waitFor } from '../../support/wait.js';
import { ChaosClient, ROOMS } from './chaos-client.js';
import type { ChaosCluster } from './chaos-cluster.js';
import { type NumberedFeed, STREAMS, TICKING } from './numbered-feed.js';

export const CLIENTS = 300;

/** Within this time of a fault's end every client has the newest number of every stream. */
const CONVERGES_WITHIN_MS = 5_000;

/** From a fault's beginning to its end. Once, whenever it likes, it lets `meanwhile` happen. */
export type Fault = (meanwhile: () => void) => Promise<unknown>;

/** Longer than this between two looks at the clients, and this process stood still, ms. */
const MAX_STEP_MS = 50;

/** The counters follow at once; a busy machine may take its time. */
const SETTLES_WITHIN_MS = 60_000;

export interface FaultOptions {
  /** Whether clients may lose their connection. */
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
    readonly clients: readonly ChaosClient[],
  ) {}

  /** @param urlOf where the n-th client connects to */
  static async start(
    cluster: ChaosCluster,
    feed: NumberedFeed,
    urlOf: (n: number) => string = () => cluster.url,
  ): Promise<ChaosRun> {
    await feed.touch();
    feed.start();
    const known = cluster.replicas.length * STREAMS.length;
    await waitFor(async () => (await cluster.sum('socket_gateway_cache_entries')) === known);
    const clients = Array.from({ length: CLIENTS }, (_, n) => ChaosClient.connect(urlOf(n), n));
    const run = new ChaosRun(cluster, feed, clients);
    await run.converge();
    await run.settle();
    return run;
  }

  /** As `endure`, and reports it. Answers when clients came back, ms. */
  async survive(name: string, fault: Fault, options: FaultOptions = {}): Promise<number[]> {
    const messages = this.messages;
    const { begun, ended, converged } = await this.endure(fault, options);
    const returned = this.clients.flatMap(({ connectedAt }) => connectedAt.filter((at) => at > begun));
    this.figures.push({
      fault: name,
      seconds: (ended - begun) / 1_000,
      reconnections: returned.length,
      messages: this.messages - messages,
      worstGapMs: Math.max(...this.clients.map(({ worstGapMs }) => worstGapMs)),
      convergedMs: converged - ended,
    });
    return returned;
  }

  /** Lets a fault happen and holds the clients to what they are promised. */
  async endure(fault: Fault, { disconnects = false }: FaultOptions = {}) {
    await this.converge();
    await this.settle();
    const disconnected = this.disconnects;
    for (const client of this.clients) client.begin();
    const begun = performance.now();
    // One price that is not followed by another: those who miss it have to be given it.
    let touched: Promise<void> | undefined;
    await fault(() => void (touched ??= this.feed.touch()));
    const ended = performance.now();
    if (!touched) throw new Error('a fault lets one price come meanwhile');
    await touched;
    await this.converge(CONVERGES_WITHIN_MS - (performance.now() - ended));
    const converged = performance.now();
    await this.settle();
    this.expectUnharmed();
    const lost = this.disconnects - disconnected;
    if (!disconnects && lost > 0) throw new Error(`${lost} connections were lost`);
    return { begun, ended, converged };
  }

  /**
   * Every client has what Redis has taken by now. When this process itself stands still, and reads nothing of what it was sent,
   * the time is not counted.
   */
  async converge(timeoutMs = 30_000): Promise<void> {
    const numbers = new Map(this.feed.taken);
    let left = timeoutMs;
    for (let last = performance.now(); ;) {
      const behind = this.clients.filter((client) => !client.has(numbers));
      if (behind.length === 0) return;
      if (left < 0) {
        const some = behind.slice(0, 4).map((client) => describe(client, numbers));
        throw new Error(`${behind.length} clients do not have the newest: ${some.join(' | ')}`);
      }
      await delay(10);
      const now = performance.now();
      left -= Math.min(now - last, MAX_STEP_MS);
      last = now;
    }
  }

  /** The replicas' counters say what is so, and nobody holds a moving price for stale. */
  async settle(): Promise<void> {
    const { cluster, clients } = this;
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
        () => `${sample} is ${seen} in all, not ${value}; ${this.oddities()}`,
        SETTLES_WITHIN_MS,
      );
    }
    const thinksStale = ({ stale }: ChaosClient) => TICKING.some((product) => stale.has(product));
    await waitFor(() => !clients.some(thinksStale), 'clients hold a price for stale that moves');
  }

  expectUnharmed(): void {
    const violations = this.clients.flatMap((client) => client.violations.splice(0));
    if (violations.length > 0) {
      throw new Error(`${violations.length} violations, such as ${violations.slice(0, 5).join('; ')}`);
    }
  }

  /** What was measured, as a table. */
  report(): string {
    const rows = this.figures.map((row) => [
      row.fault,
      row.seconds.toFixed(1),
      `${row.reconnections}`,
      row.messages.toLocaleString('en'),
      Math.round(row.worstGapMs).toLocaleString('en'),
      Math.round(row.convergedMs).toLocaleString('en'),
    ]);
    const head = ['fault', 'seconds', 'reconnections', 'messages', 'worst gap ms', 'converged ms'];
    const rule = ['---', ...head.slice(1).map(() => '---:')];
    return ['', ...[head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`), ''].join('\n');
  }

  /** The clients go, and leave nothing behind. */
  async stop(): Promise<void> {
    this.feed.pause();
    for (const { socket } of this.clients) socket.disconnect();
    await waitFor(
      async () => (await this.cluster.sum('socket_gateway_connections')) === 0,
      'clients are left',
    );
    for (const kind of [GENERAL_ROOM, 'product', 'chain']) {
      const rooms = await this.cluster.sum(`socket_gateway_rooms{kind="${kind}"}`);
      if (rooms !== 0) throw new Error(`${rooms} rooms of kind ${kind} are left`);
    }
  }

  private oddities(): string {
    const odd = this.clients.filter(({ socket, violations }) => !socket.connected || violations.length > 0);
    return odd
      .slice(0, 5)
      .map(({ socket, violations }) => `${socket.id}: ${violations.join('; ')}`)
      .join(' | ');
  }

  private get messages(): number {
    return this.clients.reduce((sum, { messages }) => sum + messages, 0);
  }

  private get disconnects(): number {
    return this.clients.reduce((sum, { disconnects }) => sum + disconnects, 0);
  }
}

/** The most of `times` that lie within any stretch of `length`. */
export function largestCount(times: readonly number[], length: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(
    0,
    ...sorted.map((from, n) => sorted.filter((at, m) => m >= n && at < from + length).length),
  );
}

function describe(client: ChaosClient, numbers: ReadonlyMap<string, number>): string {
  const journal = `[${client.journal.slice(-12).join('; ')}; now ${Math.round(performance.now())}]`;
  if (!client.socket.connected) return `not connected ${journal}`;
  const missing = [...numbers].filter(([stream, number]) => (client.newest.get(stream) ?? 0) < number);
  return `${missing.map(([stream, number]) => `${stream} ${client.newest.get(stream)} of ${number}`).join(', ')} ${journal}`;
}
