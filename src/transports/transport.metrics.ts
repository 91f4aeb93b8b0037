import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Messages to clients, and connections that the gateway closed. */
@Injectable()
export class TransportMetrics extends MetricsGroup {
  readonly broadcasts = this.counter('broadcasts_total', 'Messages broadcast to rooms on this replica.', [
    'event',
  ]);
  readonly snapshots = this.counter('snapshots_total', 'Messages sent to one client that asked.', ['event']);
  readonly deliveries = this.counter(
    'deliveries_total',
    'Broadcast messages times the clients they were for.',
    ['event'],
  );
  readonly closedClients = this.counter(
    'closed_clients_total',
    'Clients closed for what they did or may no longer do.',
    ['code'],
  );
  readonly requestsWaiting = this.gauge('requests_waiting', 'Client requests that wait for their turn.');
  readonly adapterDropped = this.counter(
    'adapter_messages_dropped_total',
    'Messages on the channels between replicas that were not used.',
    ['reason'],
  );
}
