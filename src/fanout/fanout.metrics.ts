import { Injectable } from '@nestjs/common';
import { ServerEvent } from '../contract/index.js';
import { MetricsGroup } from '../metrics/metrics-group.js';
import type { CloseReason } from './fanout-observer.js';

/** The events whose latency is measured. */
const TIMED_EVENTS = [
  ServerEvent.underlyingUpdate,
  ServerEvent.chainSummary,
  ServerEvent.chainUpdate,
  ServerEvent.chainView,
  ServerEvent.portfolioUpdate,
];

/** Metrics of the fan-out engine. */
@Injectable()
export class FanoutMetrics extends MetricsGroup {
  readonly laggingClients = this.gauge(
    'lagging_clients',
    'Clients that lag and receive only the newest message of each key.',
  );
  readonly conflated = this.counter(
    'conflated_total',
    'Updates not sent to a lagging client because a newer one replaced them.',
  );
  readonly slowClosed = this.counter(
    'slow_clients_closed_total',
    'Clients closed because they did not read their data in time.',
    { reason: ['stalled', 'overflow'] satisfies CloseReason[] },
  );
  readonly writtenBytes = this.counter('written_bytes_total', 'Bytes written to clients by flushes.');
  readonly deflateSavedBytes = this.counter(
    'deflate_saved_bytes_total',
    'Bytes that compression saved in flushes.',
  );
  readonly fanoutDegraded = this.gauge(
    'fanout_degraded',
    '1 if every message is written at once because a library differs from what the fan-out engine expects.',
    [],
    'max',
  );
  readonly fanoutNative = this.gauge(
    'fanout_native',
    '1 if the native addon writes to many clients with one call, 0 if each client gets its own write.',
    [],
    'min',
  );
  readonly flushDuration = this.histogram(
    'flush_duration_seconds',
    'Duration of a flush to all clients with queued messages.',
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  );
  readonly endToEndLatency = this.histogram(
    'end_to_end_latency_seconds',
    "From an update's processed_at until it is written to all clients that keep up; includes the clocks' difference.",
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    { event: TIMED_EVENTS },
  );
  readonly relayLatency = this.histogram(
    'relay_latency_seconds',
    'From the arrival of an update from Redis until it is written to all clients that keep up.',
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    { event: TIMED_EVENTS },
  );
  readonly framesPerWrite = this.histogram(
    'flush_frames_per_write',
    'Average number of messages per write to a client, in one flush.',
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  );
}
