import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CLOCK, type Clock, type Timer } from '../../common/clock.js';
import { messageOf } from '../../common/message-of.js';
import { ADMIN_ROOM, type AdminStats, JsonPayload, ServerEvent } from '../../contract/index.js';
import { FreshnessService } from '../../freshness/freshness.service.js';
import { RateLimitedLog } from '../../logging/rate-limited-log.js';
import { ReplicaBus } from '../../replicas/replica-bus.js';
import { Roster } from '../../replicas/roster.js';
import { type GatewayServer, SOCKET_SERVER } from '../../transports/socket-io/socket-server.js';
import { type ReplicaReport, readReport } from './replica-report.js';
import { StatsSampler } from './stats-sampler.js';
import { latencyOf, type RecentReport, sumOf } from './stats-sum.js';

/** The time between two reports, ms. */
const REPORT_MS = 1_000;
/**
 * How long a replica reports after it was last asked to, ms: longer than two questions, of which one
 * may be lost.
 */
const LEASE_MS = 3_500;
/** A replica that has not reported for so long is missing, ms. So it is named within 3 seconds. */
const MISSING_MS = 2_000;
/** How many reports percentiles are made of. */
const RECENT_REPORTS = 10;
const MAX_PRODUCTS = 200;

/** Receives the state of all replicas each second. */
type Watcher = (stats: AdminStats) => void;

interface Received extends RecentReport {
  readonly at: number;
}

/**
 * The state of all replicas, for as long as someone watches it. A replica whose clients watch asks
 * all others each second to report, and adds up their reports. Without a watcher, no replica
 * measures or sends anything.
 */
@Injectable()
export class StatsWatch implements OnModuleInit, OnApplicationShutdown {
  private readonly watchers = new Set<Watcher>();
  private readonly reports = new Map<string, Received>();
  /** Until when other replicas want the reports of this one, ms of the clock. */
  private wantedUntil = -Infinity;
  /** Since when the report of each replica is awaited, ms of the clock. */
  private readonly awaitedSince = new Map<string, number>();
  private timer: Timer | undefined;
  private ticking = false;
  private ended = false;

  constructor(
    private readonly bus: ReplicaBus,
    private readonly roster: Roster,
    private readonly sampler: StatsSampler,
    private readonly freshness: FreshnessService,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly faults: RateLimitedLog,
  ) {}

  onModuleInit(): void {
    this.bus.on('watch', (from) => {
      this.roster.heard(from);
      this.wantedUntil = this.clock.now() + LEASE_MS;
      this.wake();
    });
    this.bus.on('report', (from, body) => {
      this.roster.heard(from);
      if (!this.isWatched) return;
      const report = readReport(from, body);
      if (report) this.take(report);
    });
  }

  onApplicationShutdown(): void {
    this.ended = true;
    this.timer?.cancel();
  }

  /** Calls `watcher` each second from now on. Returns how to stop that. */
  watch(watcher: Watcher): () => void {
    this.watchers.add(watcher);
    this.wake();
    return () => void this.watchers.delete(watcher);
  }

  /** Call it when a client has joined the room `admin`. */
  wake(): void {
    if (this.ended || this.ticking || this.timer) return;
    void this.tick();
  }

  private get isWatched(): boolean {
    return this.watchers.size > 0 || (this.server.sockets.adapter.rooms.get(ADMIN_ROOM)?.size ?? 0) > 0;
  }

  private async tick(): Promise<void> {
    this.ticking = true;
    const started = this.clock.now();
    try {
      await this.report();
    } catch (error) {
      this.faults.warn('failed', 'admin_stats_failed', { problem: messageOf(error) });
    }
    this.ticking = false;
    if (this.ended || (!this.isWatched && this.clock.now() >= this.wantedUntil)) {
      this.rest();
      return;
    }
    const rest = Math.max(0, started + REPORT_MS - this.clock.now());
    this.timer = this.clock.after(rest, () => {
      this.timer = undefined;
      void this.tick();
    });
    this.timer.unref?.();
  }

  private async report(): Promise<void> {
    const { isWatched } = this;
    // Ask first: if this is the first watcher, the others then take their first sample now too.
    if (isWatched) {
      this.awaitReports();
      this.bus.send('watch', {});
    } else {
      this.awaitedSince.clear();
    }
    const sent = await this.sampler.sample();
    if (sent && this.clock.now() < this.wantedUntil) this.bus.send('report', { ...sent });
    if (!isWatched) return;
    const own = sent && readReport(this.bus.name, sent);
    if (own) this.take(own);
    if (this.reports.has(this.bus.name)) this.show(this.state());
  }

  private awaitReports(): void {
    const names = new Set([this.bus.name, ...this.roster.others]);
    for (const name of this.awaitedSince.keys()) if (!names.has(name)) this.awaitedSince.delete(name);
    for (const name of names) if (!this.awaitedSince.has(name)) this.awaitedSince.set(name, this.clock.now());
  }

  private rest(): void {
    this.awaitedSince.clear();
    this.reports.clear();
  }

  private take(report: ReplicaReport): void {
    const before = this.reports.get(report.replica)?.recent ?? [];
    const recent = [...before, report.latency].slice(-RECENT_REPORTS);
    this.reports.set(report.replica, { report, recent, at: this.clock.now() });
  }

  private show(stats: AdminStats): void {
    const text = JSON.stringify(stats);
    this.server.local
      .to(ADMIN_ROOM)
      .emit(ServerEvent.adminStats, new JsonPayload<AdminStats>(text, ServerEvent.adminStats));
    for (const watcher of this.watchers) watcher(stats);
  }

  private state(): AdminStats {
    const now = this.clock.now();
    const names = [this.bus.name, ...this.roster.others].sort();
    for (const name of this.reports.keys()) if (!names.includes(name)) this.reports.delete(name);
    const reporting = names.flatMap((name) => {
      const received = this.reports.get(name);
      return received && now - received.at <= MISSING_MS ? [received] : [];
    });
    const reported = new Set(reporting.map(({ report }) => report.replica));
    // A replica that was just asked for the first time is not missing yet.
    const isDue = (name: string): boolean => now - (this.awaitedSince.get(name) ?? now) > MISSING_MS;
    return {
      server_time: this.clock.wallNow() / 1_000,
      replica: this.bus.name,
      total: sumOf(reporting),
      replicas: reporting.map((received) => ({ ...received.report, latency: latencyOf([received]) })),
      missing: names.flatMap((name) => {
        const silent_ms = Math.round(this.silentMs(name));
        return isDue(name) && !reported.has(name) ? [{ replica: name, silent_ms }] : [];
      }),
      products: this.freshness
        .oldest(MAX_PRODUCTS)
        .map(({ product, status, age_ms }) => ({ product, status, age_ms })),
    };
  }

  private silentMs(name: string): number {
    const received = this.reports.get(name);
    return received ? this.clock.now() - received.at : this.roster.silentMs(name);
  }
}
