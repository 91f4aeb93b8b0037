import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Work of the fan-out engine. */
@Injectable()
export class FanoutMetrics extends MetricsGroup {
  readonly laggingClients = this.gauge('lagging_clients', 'Clients that are behind and get the newest only.');
  readonly conflated = this.counter(
    'conflated_total',
    'Updates left out for a newer one, because their client did not keep up.',
  );
  readonly slowClosed = this.counter(
    'slow_clients_closed_total',
    'Clients closed because they did not read.',
    ['reason'],
  );
  readonly writtenBytes = this.counter('written_bytes_total', 'What flushes wrote to clients, bytes.');
  readonly deflateSavedBytes = this.counter(
    'deflate_saved_bytes_total',
    'What flushes did not have to write because it was deflated, bytes.',
  );
  readonly fanoutDegraded = this.gauge(
    'fanout_degraded',
    '1 where messages go out one by one, because the engine does not know the libraries it runs on.',
  );
  readonly flushDuration = this.histogram(
    'flush_duration_seconds',
    'Work of one flush to all clients that had something to get.',
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  );
  readonly framesPerWrite = this.histogram(
    'flush_frames_per_write',
    'Messages that one write to a client carried, on average over a flush.',
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  );
}
