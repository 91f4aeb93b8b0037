import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Metrics of this replica's connections and rooms. They are counted when the metrics are read. */
@Injectable()
export class ConnectionMetrics extends MetricsGroup {
  readonly connections = this.gauge('connections', 'Clients connected to this replica.');
  readonly buildInfo = this.gauge(
    'build_info',
    'Always 1; the labels say which version runs, and on which Node.js.',
    ['version', 'node'],
    'first',
  );
  readonly rooms = this.gauge('rooms', 'Rooms with a member on this replica.', ['kind'], 'max');
  readonly subscriptions = this.gauge('room_members', 'Memberships in rooms on this replica.', ['kind']);
}
