import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Counts connections and requests of clients. */
@Injectable()
export class GatewayMetrics extends MetricsGroup {
  readonly connectionsTotal = this.counter('connections_total', 'Connections accepted.');
  readonly disconnects = this.counter('disconnects_total', 'Connections ended.', ['reason']);
  readonly clientMessages = this.counter('client_messages_total', 'Messages from clients.', ['event']);
  readonly clientErrors = this.counter('client_errors_total', 'Client requests refused.', ['code']);
  readonly requestsRefused = this.counter(
    'requests_refused_total',
    'Client requests refused with RATE_LIMITED, by the limit that was exceeded.',
    ['limit'],
  );
  readonly snapshotRooms = this.counter(
    'snapshot_rooms_total',
    'Rooms asked for with get_snapshot, by the source of their newest messages.',
    ['source'],
  );
}
