import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';
import { HANDSHAKE_REJECTIONS } from './handshake-rejection.js';

/** Connections before they are accepted, and those that are rejected. */
@Injectable()
export class AdmissionMetrics extends MetricsGroup {
  readonly tcpRefused = this.counter(
    'tcp_connections_refused_total',
    'TCP connections cut because there were too many.',
    { reason: ['max_connections', 'ip_connections', 'silent'] },
  );
  readonly maxConnections = this.gauge(
    'max_connections',
    'Clients that this replica takes at most (MAX_CONNECTIONS).',
  );
  readonly handshakesQueued = this.gauge('handshakes_queued', 'Clients whose handshake waits for its turn.');
  readonly handshakesRefused = this.counter(
    'handshakes_refused_total',
    'Clients refused before they were connected.',
    { reason: [...Object.keys(HANDSHAKE_REJECTIONS), 'malformed'] },
  );
  readonly overloaded = this.gauge(
    'overloaded',
    '1 while no new clients are taken for this reason.',
    ['reason'],
    'max',
  );
}
