import { Injectable } from '@nestjs/common';
import { ClientEvent, ERROR_CODES } from '../contract/index.js';
import { MetricsGroup } from '../metrics/metrics-group.js';

/**
 * The disconnect reasons of Socket.IO. All others are counted under one label, because the values
 * of a label must be bounded.
 */
export const DISCONNECT_REASONS: ReadonlySet<string> = new Set([
  'transport error',
  'transport close',
  'forced close',
  'ping timeout',
  'parse error',
  'server shutting down',
  'forced server close',
  'client namespace disconnect',
  'server namespace disconnect',
]);
const OTHER_REASON = 'other';

/** Counts connections and requests of clients. */
@Injectable()
export class GatewayMetrics extends MetricsGroup {
  readonly connectionsTotal = this.counter('connections_total', 'Connections accepted.');
  readonly disconnects = this.counter('disconnects_total', 'Connections ended.', {
    reason: [...DISCONNECT_REASONS, OTHER_REASON],
  });
  readonly clientMessages = this.counter('client_messages_total', 'Messages from clients.', {
    event: [...Object.values(ClientEvent), 'unknown'],
  });
  readonly clientErrors = this.counter('client_errors_total', 'Client requests refused.', {
    code: Object.keys(ERROR_CODES),
  });
  readonly requestsRefused = this.counter(
    'requests_refused_total',
    'Client requests refused with RATE_LIMITED, by the limit that was exceeded.',
    { limit: ['messages', 'work', 'waiting'] },
  );
  readonly snapshotRooms = this.counter(
    'snapshot_rooms_total',
    'Rooms asked for with get_snapshot, by the source of their newest messages.',
    { source: ['memory', 'store', 'nowhere', 'unavailable'] },
  );
}
