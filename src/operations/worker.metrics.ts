import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';
import type { MetricsReport } from '../metrics/metrics-registry.js';
import { type Collected, WORKER_ENDS, WORKER_STATES } from './worker-reports.js';

const STATES = [...WORKER_STATES, 'silent'] as const;

/**
 * What the primary knows of its workers. Each worker itself reports 0, so that the sum is the
 * primary's number. Without `WORKERS`, all stay 0.
 */
@Injectable()
export class WorkerMetrics extends MetricsGroup {
  private readonly workers = this.gauge(
    'workers',
    'Worker processes by state; silent ones did not report their metrics in time. 0 if WORKERS is 1.',
    ['state'],
  );
  readonly restarts = this.counter('worker_restarts_total', 'Workers that died or hung, and were replaced.', {
    reason: WORKER_ENDS,
  });

  /** Sets 0 for every state. */
  declareStates(): void {
    for (const state of STATES) this.workers.set({ state }, 0);
  }
}

/** The numbers of the primary, in the form of a report of metrics. */
export function primaryMetrics({ workers, restarts, startedAt, logLinesDropped }: Collected): MetricsReport {
  const states = STATES.map((state) => ({
    labels: { state },
    value: workers.filter((worker) => stateOf(worker) === state).length,
  }));
  const ends = WORKER_ENDS.map((reason) => ({ labels: { reason }, value: restarts[reason] }));
  return [
    of('socket_gateway_workers', states),
    of('socket_gateway_worker_restarts_total', ends),
    of('socket_gateway_log_lines_dropped_total', [{ labels: {}, value: logLinesDropped }]),
    // A replaced worker is no restart of the gateway.
    of('process_start_time_seconds', [{ labels: {}, value: startedAt }]),
  ];
}

function stateOf({ state, report }: Collected['workers'][number]): (typeof STATES)[number] {
  return state !== 'starting' && report === undefined ? 'silent' : state;
}

/** Only the name and the values of a report matter if it is not the first one. */
function of(name: string, values: MetricsReport[number]['values']): MetricsReport[number] {
  return { name, values } as MetricsReport[number];
}
