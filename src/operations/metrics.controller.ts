import { Controller, Get, Inject, type OnModuleInit, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { version } from '../../package.json';
import { AdminGuard } from './admin.guard.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { SharedWork } from '../common/shared-work.js';
import { preferredType } from '../http/preferred-type.js';
import { ROOM_TYPES } from '../contract/index.js';
import { type GatewayServer, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import { combinedText, MetricsRegistry, type MetricsReport } from '../metrics/metrics-registry.js';
import { ConnectionMetrics } from './connection.metrics.js';
import { RoomCensus } from './room-census.js';
import { combinedRooms, type RoomsAnswer } from './rooms-answer.js';
import { primaryMetrics, WorkerMetrics } from './worker.metrics.js';
import { type Collected, WORKER_REPORTS, type WorkerReports } from './worker-reports.js';

/**
 * Serves this replica's metrics, of all its workers together: to Prometheus in its text format, and otherwise as the Flask
 * gateway's JSON.
 */
@Controller('metrics')
@UseGuards(AdminGuard)
export class MetricsController implements OnModuleInit {
  private readonly census: RoomCensus;
  private readonly text: SharedWork<string>;
  private readonly json: SharedWork<RoomsAnswer>;

  constructor(
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly registry: MetricsRegistry,
    private readonly metrics: ConnectionMetrics,
    private readonly workerMetrics: WorkerMetrics,
    @Inject(WORKER_REPORTS) private readonly workers: WorkerReports | null,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.census = new RoomCensus(() => server.sockets.adapter.rooms, clock);
    this.text = new SharedWork(clock, () => (workers ? textOfAll(workers) : registry.text()));
    this.json = new SharedWork(clock, () => (workers ? roomsOfAll(workers) : this.answer()));
  }

  onModuleInit(): void {
    this.metrics.buildInfo.set({ version, node: process.versions.node }, 1);
    this.metrics.onScrape(() => this.sampleRooms());
    this.workerMetrics.declareStates();
    this.workers?.provide('metrics', () => this.registry.report());
    this.workers?.provide('rooms', () => this.answer());
  }

  @Get()
  async read(@Req() request: Request, @Res() response: Response): Promise<void> {
    response.vary('Accept');
    if (prefersJson(request)) {
      response.json(await this.json.run());
    } else {
      response.type(this.registry.contentType).send(await this.text.run());
    }
  }

  private async answer(): Promise<RoomsAnswer> {
    const { named, leftOut } = await this.census.take();
    return {
      total_clients: this.server.sockets.sockets.size,
      rooms: Object.fromEntries(named),
      ...(leftOut > 0 && { rooms_left_out: leftOut }),
    };
  }

  private async sampleRooms(): Promise<void> {
    const { connections, rooms, subscriptions } = this.metrics;
    const { byKind } = await this.census.take();
    connections.set(this.server.sockets.sockets.size);
    for (const kind of ROOM_TYPES) {
      rooms.set({ kind }, byKind[kind].rooms);
      subscriptions.set({ kind }, byKind[kind].members);
    }
  }
}

async function textOfAll(workers: WorkerReports): Promise<string> {
  const collected = await workers.collect('metrics');
  const { counts = [] } = collected;
  return combinedText([...reportsOf<MetricsReport>(collected), counts, primaryMetrics(collected)]);
}

async function roomsOfAll(workers: WorkerReports): Promise<RoomsAnswer> {
  return combinedRooms(reportsOf<RoomsAnswer>(await workers.collect('rooms')));
}

function reportsOf<T>({ workers }: Collected): T[] {
  return workers.flatMap(({ report }) => (report === undefined ? [] : [report as T]));
}

/** Whether the client prefers JSON. Prometheus ranks its own types higher. */
function prefersJson(request: Request): boolean {
  return preferredType(request, ['json', 'text/plain', 'application/openmetrics-text']) === 'json';
}
