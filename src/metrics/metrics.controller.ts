import { Controller, Get, Inject, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AdminGuard } from '../admin/admin.guard.js';
import { roomKind, SUBSCRIPTION_TYPES } from '../contract/index.js';
import { type GatewayServer, SOCKET_SERVER } from '../fanout/socket-server.js';
import { GatewayMetrics } from './gateway-metrics.js';

interface MetricsAnswer {
  readonly total_clients: number;
  /** Clients of this replica by room; rooms without one are left out. */
  readonly rooms: Readonly<Record<string, number>>;
}

/** This replica's figures: JSON as the Flask gateway gave them, Prometheus' text for Prometheus. */
@Controller('metrics')
@UseGuards(AdminGuard)
export class MetricsController {
  constructor(
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly metrics: GatewayMetrics,
  ) {
    metrics.onScrape(() => this.sampleRooms());
  }

  @Get()
  async read(@Req() request: Request, @Res() response: Response): Promise<void> {
    response.vary('Accept');
    if (prefersJson(request)) {
      response.json(this.answer());
    } else {
      response.type(this.metrics.contentType).send(await this.metrics.text());
    }
  }

  private answer(): MetricsAnswer {
    return { total_clients: this.server.sockets.sockets.size, rooms: Object.fromEntries(this.rooms()) };
  }

  private sampleRooms(): void {
    const { connections, rooms, subscriptions } = this.metrics;
    connections.set(this.server.sockets.sockets.size);
    for (const kind of SUBSCRIPTION_TYPES) {
      const sizes = this.rooms().flatMap(([room, size]) => (roomKind(room) === kind ? [size] : []));
      rooms.set({ kind }, sizes.length);
      subscriptions.set(
        { kind },
        sizes.reduce((sum, size) => sum + size, 0),
      );
    }
  }

  private rooms(): [room: string, clients: number][] {
    return [...this.server.sockets.adapter.rooms]
      .filter(([room]) => roomKind(room) !== undefined)
      .map(([room, clients]) => [room, clients.size]);
  }
}

/**
 * curl and browsers accept anything and get the first offered. Prometheus ranks its own types above that, with parameters
 * (`text/plain;version=0.0.4;q=0.5`) that would have to be offered to the letter to match: only their ranks are kept.
 */
function prefersJson(request: Request): boolean {
  const { accept } = request.headers;
  if (accept !== undefined) request.headers.accept = accept.replace(/;\s*(?!q=)[^;,]*/gi, '');
  return request.accepts(['json', 'text/plain', 'application/openmetrics-text']) === 'json';
}
