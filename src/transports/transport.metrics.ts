import { Injectable } from '@nestjs/common';
import { type ClosingCode, ServerEvent } from '../contract/index.js';
import { MetricsGroup } from '../metrics/metrics-group.js';
import { BODY_REFUSALS } from './socket-io/polling-body-limiter.js';

const UPDATES = [
  ServerEvent.underlyingUpdate,
  ServerEvent.chainSummary,
  ServerEvent.chainUpdate,
  ServerEvent.chainView,
];
const STATUSES = [ServerEvent.feedStatus, ServerEvent.chainStatus];
const PRIVATE = [ServerEvent.portfolioUpdate, ServerEvent.portfolioStatus];
const BROADCAST_EVENTS = [...UPDATES, ...STATUSES, ...PRIVATE];
const SNAPSHOT_EVENTS = [
  ServerEvent.underlyingUpdate,
  ServerEvent.chainUpdate,
  ServerEvent.chainView,
  ...STATUSES,
  ...PRIVATE,
  ServerEvent.feedStatuses,
  ServerEvent.snapshot,
];

/** Metrics of messages to clients, and of connections that the gateway closed. */
@Injectable()
export class TransportMetrics extends MetricsGroup {
  readonly broadcasts = this.counter('broadcasts_total', 'Messages broadcast to rooms on this replica.', {
    event: BROADCAST_EVENTS,
  });
  readonly snapshots = this.counter(
    'snapshots_total',
    'Messages sent to a single client, such as snapshots.',
    {
      event: SNAPSHOT_EVENTS,
    },
  );
  readonly deliveries = this.counter(
    'deliveries_total',
    'Deliveries of broadcast messages: one per message and receiving client.',
    { event: BROADCAST_EVENTS },
  );
  readonly closedClients = this.counter(
    'closed_clients_total',
    'Clients that the gateway closed, by the code of the reason.',
    {
      code: [
        'RATE_LIMITED',
        'TOKEN_EXPIRED',
        'TOKEN_REVOKED',
        'DISCONNECTED',
        'REBALANCING',
      ] satisfies ClosingCode[],
    },
  );
  readonly bodiesRefused = this.counter(
    'polling_bodies_refused_total',
    'Requests of polling clients that were refused because of their size, or because too many long ones arrived.',
    { reason: BODY_REFUSALS },
  );
  readonly requestsWaiting = this.gauge('requests_waiting', 'Client requests that wait for their turn.');
  readonly adapterDropped = this.counter(
    'adapter_messages_dropped_total',
    'Messages on the channels between replicas that were dropped.',
    { reason: ['size', 'format', 'signature', 'replay', 'operation', 'internal_error'] },
  );
}
