import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Metrics of messages to clients, and of connections that the gateway closed. */
@Injectable()
export class TransportMetrics extends MetricsGroup {
  readonly broadcasts = this.counter('broadcasts_total', 'Messages broadcast to rooms on this replica.', [
    'event',
  ]);
  readonly snapshots = this.counter(
    'snapshots_total',
    'Messages sent to a single client, such as snapshots.',
    ['event'],
  );
  readonly deliveries = this.counter(
    'deliveries_total',
    'Deliveries of broadcast messages: one per message and receiving client.',
    ['event'],
  );
  readonly closedClients = this.counter(
    'closed_clients_total',
    'Clients that the gateway closed, by the code of the reason.',
    ['code'],
  );
  readonly requestsWaiting = this.gauge('requests_waiting', 'Client requests that wait for their turn.');
  readonly adapterDropped = this.counter(
    'adapter_messages_dropped_total',
    'Messages on the channels between replicas that were dropped.',
    ['reason'],
  );
}
