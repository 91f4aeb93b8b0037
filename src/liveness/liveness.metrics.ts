import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';
import { ECHO_RESULTS } from './latency-probes.js';

/** Metrics of heartbeats, market statuses and round trips. */
@Injectable()
export class LivenessMetrics extends MetricsGroup {
  readonly heartbeats = this.counter(
    'heartbeats_total',
    'Heartbeats sent to clients that were sent nothing else for a while.',
  );
  readonly latencyProbes = this.counter('latency_probes_total', 'Latency probes sent to clients.');
  readonly latencyEchoes = this.counter(
    'latency_echoes_total',
    'Answers of clients to latency probes. Only answered ones are measured.',
    { result: ECHO_RESULTS },
  );
  readonly clientRoundTrip = this.histogram(
    'client_round_trip_seconds',
    'From a latency probe to the answer of the client, with the time that it waited behind other data.',
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    { transport: ['polling', 'websocket'] },
  );
  readonly marketChanges = this.counter(
    'market_status_total',
    'Changes of market statuses that were broadcast.',
    {
      status: ['open', 'closed', 'pre', 'halted'],
    },
  );
}
