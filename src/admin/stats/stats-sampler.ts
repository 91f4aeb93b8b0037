import { Inject, Injectable } from '@nestjs/common';
import { version } from '../../../package.json';
import { HandshakeGate } from '../../admission/handshake-gate.js';
import { OverloadWatch } from '../../admission/overload-watch.js';
import { CLOCK, type CpuClock } from '../../common/clock.js';
import type { Counts, RoomClients, TrafficRates } from '../../contract/index.js';
import { FEED_SOURCE, type FeedSource } from '../../feed/feed-source.js';
import { FreshnessService } from '../../freshness/freshness.service.js';
import { MetricsRegistry } from '../../metrics/metrics-registry.js';
import { RoomCensus } from '../../operations/room-census.js';
import { FAULT_SOURCE, type FaultSource } from '../../redis/fault-source.js';
import { REDIS_ROLES } from '../../redis/redis-faults.js';
import { REPLICA_NAME } from '../../replicas/replica-name.js';
import { type GatewayServer, SOCKET_SERVER } from '../../transports/socket-io/socket-server.js';
import { bucketList, type Buckets, bucketsOf, increase } from './buckets.js';
import { type LatencyName, MAX_ROOMS, MAX_STALE_PRODUCTS, type SentReport } from './replica-report.js';

/** The counters whose increase per second is reported. */
const RATES = {
  feed_messages: 'feed_messages_total',
  client_messages: 'client_messages_total',
  broadcasts: 'broadcasts_total',
  deliveries: 'deliveries_total',
  written_bytes: 'written_bytes_total',
  conflated: 'conflated_total',
  connections: 'connections_total',
  disconnections: 'disconnects_total',
} as const satisfies Record<keyof TrafficRates, string>;
type RateName = keyof TrafficRates;
const RATE_NAMES = Object.keys(RATES) as RateName[];

const HISTOGRAMS = {
  end_to_end: 'end_to_end_latency_seconds',
  relay: 'relay_latency_seconds',
  flush: 'flush_duration_seconds',
} as const satisfies Record<LatencyName, string>;
const HISTOGRAM_NAMES = Object.keys(HISTOGRAMS) as LatencyName[];

/** If the last sample is older, it is not compared with: the rates would be averages of a long time, ms. */
const MAX_INTERVAL_MS = 5_000;

/** What the counters were at a moment. */
interface Reading {
  readonly at: number;
  readonly cpuMs: number;
  readonly sums: Readonly<Record<RateName, number>>;
  readonly buckets: Readonly<Record<LatencyName, Buckets>>;
}

/** Measures what this replica does, from its metrics. */
@Injectable()
export class StatsSampler {
  private readonly census: RoomCensus;
  private readonly startedAt: number;
  private last: Reading | undefined;

  constructor(
    @Inject(REPLICA_NAME) private readonly name: string,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    @Inject(FEED_SOURCE) private readonly feed: FeedSource,
    @Inject(FAULT_SOURCE) private readonly faults: FaultSource,
    @Inject(CLOCK) private readonly clock: CpuClock,
    private readonly registry: MetricsRegistry,
    private readonly freshness: FreshnessService,
    private readonly gate: HandshakeGate,
    private readonly overload: OverloadWatch,
  ) {
    this.census = new RoomCensus(() => server.sockets.adapter.rooms, clock);
    this.startedAt = Math.round(clock.wallNow() / 1_000 - process.uptime());
  }

  /**
   * What happened since the last sample.
   * @returns `undefined` if there is no recent sample to compare with; the next one has it
   */
  async sample(): Promise<SentReport | undefined> {
    const last = this.last;
    const now = await this.read();
    this.last = now;
    const elapsedMs = last ? now.at - last.at : Infinity;
    if (!last || elapsedMs <= 0 || elapsedMs > MAX_INTERVAL_MS) return undefined;
    const { refusal } = this.gate;
    const { up, silent } = this.feed.status;
    return {
      replica: this.name,
      version,
      node: process.versions.node,
      started_at: this.startedAt,
      state: refusal === 'draining' ? 'draining' : 'serving',
      ...(refusal !== undefined && { refuses: refusal }),
      feed: up && !silent ? 'up' : 'down',
      clients: this.server.sockets.sockets.size,
      lagging_clients: await this.sum('lagging_clients'),
      rooms: await this.rooms(),
      stale_products: this.freshness.stale().slice(0, MAX_STALE_PRODUCTS),
      redis_problems: this.redisProblems(),
      cpu: rounded((now.cpuMs - last.cpuMs) / elapsedMs),
      rss_bytes: process.memoryUsage.rss(),
      event_loop_delay_ms: Math.max(0, this.overload.eventLoopDelayMs),
      rates: record(RATE_NAMES, (name) => rounded(((now.sums[name] - last.sums[name]) * 1_000) / elapsedMs)),
      counts: {
        conflated: now.sums.conflated,
        disconnections: await this.counts('disconnects_total', 'reason'),
        closed: await this.counts('closed_clients_total', 'code'),
        slow_closed: await this.counts('slow_clients_closed_total', 'reason'),
        handshakes_refused: await this.counts('handshakes_refused_total', 'reason'),
        requests_refused: await this.counts('client_errors_total', 'code'),
      },
      latency: record(HISTOGRAM_NAMES, (name) => bucketList(increase(now.buckets[name], last.buckets[name]))),
    };
  }

  private async read(): Promise<Reading> {
    const sums = {} as Record<RateName, number>;
    for (const name of RATE_NAMES) sums[name] = await this.sum(RATES[name]);
    const buckets = {} as Record<LatencyName, Buckets>;
    for (const name of HISTOGRAM_NAMES)
      buckets[name] = bucketsOf(await this.registry.valuesOf(HISTOGRAMS[name]));
    return { at: this.clock.now(), cpuMs: this.clock.cpu(), sums, buckets };
  }

  private async sum(metric: string): Promise<number> {
    return (await this.registry.valuesOf(metric)).reduce((sum, { value }) => sum + value, 0);
  }

  private async counts(metric: string, label: string): Promise<Counts> {
    const values = await this.registry.valuesOf(metric);
    return Object.fromEntries(
      values.flatMap(({ labels, value }) => (value > 0 ? [[String(labels[label]), value]] : [])),
    );
  }

  private async rooms(): Promise<RoomClients[]> {
    const { named } = await this.census.take();
    return [...named]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MAX_ROOMS)
      .map(([room, clients]) => ({ room, clients }));
  }

  private redisProblems(): Record<string, string> {
    return Object.fromEntries(
      REDIS_ROLES.flatMap((role) => {
        const problem = this.faults.problem(role);
        return problem === undefined ? [] : [[role, problem]];
      }),
    );
  }
}

function record<Name extends string, T>(names: readonly Name[], of: (name: Name) => T): Record<Name, T> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>;
}

/** Three digits after the point are enough. */
function rounded(value: number): number {
  return Math.max(0, Math.round(value * 1_000) / 1_000);
}
