import { setTimeout as delay } from 'node:timers/promises';
import type { CutPlan, LoadMethods, Settled } from '../load/load-methods.js';
import { mergeLatencies, percentileMs } from '../load/latency-histogram.js';
import type { Peer, Skipped, StartPeer, Workload } from '../peers/peer.js';
import type { FeedPlan, Published, PublisherMethods } from '../publish/publisher-methods.js';
import { newestPerKey, publishedPerKey } from '../publish/sequence.js';
import type { Closing } from './closing.js';
import type { Measurement } from './measurement.js';
import { monotonicUs } from './monotonic.js';
import { cpuSeconds, residentKb } from './proc-stat.js';
import { Worker } from './worker.js';

export interface TrialSetup {
  readonly start: StartPeer;
  readonly feed: FeedPlan;
  /** One profile for each client. */
  readonly workloads: readonly Workload[];
  /** How many load generators share the clients. Default 1. */
  readonly generators?: number;
  readonly offersDeflate?: boolean;
  /**
   * The number of concurrent handshakes. The default is below the backlog of every listener: beyond
   * that, the kernel drops SYNs, and clients send them again after 1, 3 and 7 s.
   */
  readonly connectingAtOnce?: number;
  readonly subjectPerProduct?: boolean;
  /** How many clients are sampled. Default 20. */
  readonly sampled?: number;
  readonly stallable?: number;
  /** Publish a price and a chain of each product before any client connects. */
  readonly latestFirst?: boolean;
}

/** The loopback addresses that were used so far, from a random one on. */
let addresses = Math.floor(Math.random() * 0xff_ff_00);

/**
 * A loopback address for one generator. Each uses its own, because one address would run out of
 * ports. No trial uses that of an earlier one: the ports of closed connections are not free for a
 * minute, and the kernel would take longer to find a free one than the server to answer.
 */
function freshAddress(): string {
  const number = 0x1_00 + (addresses++ % 0xff_ff_00);
  return `127.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
}

const SAMPLED = 20;
const CONNECTING_AT_ONCE = 250;
/** How long after `latestFirst` both servers have written `latest:*`. */
const LATEST_SETTLES_MS = 1500;
const RSS_INTERVAL_MS = 200;
const SETTLE = { quietMs: 2000, timeoutMs: 15_000 };

/** One server under load: the processes are started and connected, until `close`. */
export class Trial {
  private startedAt: Published = { sequence: 0, atUs: 0 };

  private constructor(
    readonly peer: Peer,
    private readonly publisher: Worker<PublisherMethods>,
    private readonly generators: readonly Worker<LoadMethods>[],
    private readonly products: number,
    /** The resident memory of the server without clients. */
    readonly emptyKb: number,
    /** The time from the first connect until the last client had everything it waits for. */
    readonly connectSeconds: number,
    readonly close: () => Promise<void>,
  ) {}

  static async start(
    setup: TrialSetup,
    closing: Closing,
    beforeConnect: (peer: Peer) => Promise<void> = () => Promise.resolve(),
  ): Promise<Trial | Skipped> {
    const peer = await setup.start({ subjectPerProduct: setup.subjectPerProduct ?? false });
    if ('skipped' in peer) return peer;
    const publisher = new Worker<PublisherMethods>('publish/publisher.js');
    const generators = Array.from(
      { length: setup.generators ?? 1 },
      () => new Worker<LoadMethods>('load/generator.js'),
    );
    const close = closing.add(async () => {
      await Promise.all([publisher, ...generators].map((worker) => worker.stop()));
      await peer.stop();
    });
    try {
      await publisher.call('open', { target: peer.target, feed: setup.feed });
      if (setup.latestFirst) {
        await publisher.call('publishLatest', undefined);
        await delay(LATEST_SETTLES_MS);
      }
      const emptyKb = residentKb(peer.pids);
      await beforeConnect(peer);
      const seconds = await connectAll(setup, peer, generators);
      return new Trial(peer, publisher, generators, setup.feed.products.length, emptyKb, seconds, close);
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** Starts the publisher. `finish` expects everything it sends from now on at the clients. */
  async publish(rate: number, warmUpMs: number): Promise<void> {
    await this.tell('reset');
    this.startedAt = await this.publisher.call('start', { rate });
    await delay(warmUpMs);
  }

  /** Measures for `ms` with the publisher running. */
  async measure(ms: number): Promise<Measurement> {
    await this.tell('openWindow');
    const before = { cpu: cpuSeconds(this.peer.pids), us: monotonicUs(), rss: residentKb(this.peer.pids) };
    const first = await this.publisher.call('look', undefined);
    const rss: number[] = [];
    for (const end = before.us + ms * 1000; monotonicUs() < end;) {
      await delay(Math.max(1, Math.min(RSS_INTERVAL_MS, (end - monotonicUs()) / 1000)));
      rss.push(residentKb(this.peer.pids));
    }
    const cpu = (cpuSeconds(this.peer.pids) - before.cpu) / ((monotonicUs() - before.us) / 1e6);
    const last = await this.publisher.call('look', undefined);
    const windows = await Promise.all(this.generators.map((each) => each.call('closeWindow', undefined)));

    const deliveries = windows.reduce((sum, window) => sum + window.deliveries / window.seconds, 0);
    const bytes = windows.reduce((sum, window) => sum + window.bytes / window.seconds, 0);
    const latencies = mergeLatencies(windows.map((window) => window.latencies));
    const peak = Math.max(...rss);
    return {
      rate: (last.sequence - first.sequence) / ((last.atUs - first.atUs) / 1e6),
      deliveriesPerSecond: deliveries,
      cpuPercent: cpu * 100,
      cpuUsPerDelivery: (cpu * 1e6) / deliveries,
      bytesPerDelivery: bytes / deliveries,
      p50Ms: percentileMs(latencies, 0.5),
      p99Ms: percentileMs(latencies, 0.99),
      maxMs: latencies.maxUs / 1000,
      rssMb: rss.at(-1)! / 1024,
      peakRssMb: peak / 1024,
      rssGrowthMb: (peak - before.rss) / 1024,
    };
  }

  stall(): Promise<void> {
    return this.tell('stall');
  }

  resume(): Promise<void> {
    return this.tell('resume');
  }

  /** From now on, each client loses its connection again and again. */
  async startCuts(plan: CutPlan): Promise<void> {
    await Promise.all(this.generators.map((each) => each.call('startCuts', plan)));
  }

  /** Ends that, and returns how many cuts there were. */
  async stopCuts(): Promise<number> {
    const all = await Promise.all(this.generators.map((each) => each.call('stopCuts', undefined)));
    return all.reduce((sum, { cuts }) => sum + cuts, 0);
  }

  /**
   * Stops the publisher, waits for the last deliveries, and counts the failures since `publish`.
   */
  async finish(): Promise<Measurement> {
    const { sequence } = await this.publisher.call('stop', undefined);
    const input = {
      published: publishedPerKey(this.startedAt.sequence, sequence, this.products),
      newest: newestPerKey(sequence, this.products),
      ...SETTLE,
    };
    return faultsOf(await Promise.all(this.generators.map((each) => each.call('settle', input))));
  }

  private async tell(method: 'reset' | 'openWindow' | 'stall' | 'resume'): Promise<void> {
    await Promise.all(this.generators.map((each) => each.call(method, undefined)));
  }
}

/**
 * All clients are counted, and the sampled ones are also followed message by message. The larger
 * count of failures is the correct one.
 */
function faultsOf(all: readonly Settled[]): Measurement {
  const sum = (of: (settled: Settled) => number) => all.reduce((total, each) => total + of(each), 0);
  const lost = Math.max(
    sum((each) => each.lost),
    sum((each) => each.faults.missing),
  );
  return {
    arrivedPercent: 100 * (1 - lost / sum((each) => each.due)),
    intactPercent: (100 * sum((each) => each.intact)) / sum((each) => each.sampled),
    notRecovered: sum((each) => each.notRecovered),
    catchUpP99Ms: percentileMs(mergeLatencies(all.map((each) => each.catchUps)), 0.99),
    lost,
    duplicated:
      Math.max(
        sum((each) => each.surplus),
        sum((each) => each.faults.twice),
      ) + sum((each) => each.stalled.twice),
    disordered: sum((each) => each.faults.older) + sum((each) => each.stalled.older),
    closed: sum((each) => each.closed),
    errors: sum((each) => each.errors),
    stale: sum((each) => each.stalled.stale),
  };
}

async function connectAll(
  setup: TrialSetup,
  peer: Peer,
  generators: readonly Worker<LoadMethods>[],
): Promise<number> {
  const { workloads } = setup;
  const share = Math.ceil(workloads.length / generators.length);
  const connected = await Promise.all(
    generators.map((generator, index) => {
      const mine = workloads.slice(index * share, (index + 1) * share);
      // Clients with the same workload share one profile, so that thousands of equal ones are
      // neither sent nor stored.
      const distinct = [...new Set(mine)];
      const numberOf = new Map(distinct.map((workload, number) => [workload, number]));
      return generator.call('connect', {
        dialect: peer.dialect,
        port: peer.port,
        path: peer.path,
        subprotocol: peer.subprotocol,
        localAddress: freshAddress(),
        offersDeflate: setup.offersDeflate ?? false,
        connectingAtOnce: Math.ceil((setup.connectingAtOnce ?? CONNECTING_AT_ONCE) / generators.length),
        profiles: distinct.map((workload) => peer.profile(workload)),
        profileOf: mine.map((workload) => numberOf.get(workload) ?? 0),
        sampled: Math.ceil((setup.sampled ?? SAMPLED) / generators.length),
        stallable: Math.ceil((setup.stallable ?? 0) / generators.length),
        products: setup.feed.products.length,
      });
    }),
  );
  const ready = connected.reduce((sum, each) => sum + each.ready, 0);
  if (ready < workloads.length)
    throw new Error(`only ${ready} of ${workloads.length} clients could subscribe`);
  const first = Math.min(...connected.map((each) => each.firstUs));
  return (Math.max(...connected.map((each) => each.lastUs)) - first) / 1e6;
}
