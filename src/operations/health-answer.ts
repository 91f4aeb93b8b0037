import type { HealthCheckResult } from '@nestjs/terminus';
import type { WorkerReport, WorkerState } from './worker-reports.js';

/** The response to any client. */
export interface BriefAnswer {
  readonly status: 'healthy' | 'unhealthy';
  readonly service: string;
}

/** The response to operators. If neither an admin port nor a token is set, every client gets it. */
export interface HealthAnswer extends BriefAnswer, Omit<HealthCheckResult, 'status'> {
  readonly clients: number;
  /** Each worker process; missing if there is only one process. */
  readonly workers?: readonly WorkerHealth[];
}

interface WorkerHealth {
  readonly worker: number;
  readonly pid: number;
  readonly state: WorkerState;
  /** `silent`: it did not answer in time. */
  readonly status: BriefAnswer['status'] | 'silent';
  readonly clients?: number;
  /** What is wrong with it. */
  readonly error?: HealthCheckResult['error'];
}

type Reports = readonly WorkerReport<HealthAnswer>[];

/**
 * The health of a gateway with several workers: healthy if every worker that serves is. Workers
 * that start or drain do not count, because others serve meanwhile. If all drain, they count.
 */
export function combinedHealth(reports: Reports, service: string): HealthAnswer {
  const serving = reports.filter(({ state }) => state === 'serving');
  const counted = serving.length > 0 ? serving : reports;
  const unhealthy = counted.find(({ report }) => report?.status === 'unhealthy');
  const silent = counted.filter(({ report }) => report === undefined);
  const decisive = (unhealthy ?? counted.find(({ report }) => report))?.report;
  const healthy = decisive !== undefined && !unhealthy && silent.length === 0;
  const answer = combined(reports, service, healthy, decisive);
  if (silent.length === 0) return answer;
  const problem = {
    workers: {
      status: 'down' as const,
      reason: `${silent.length} of ${counted.length} workers do not answer`,
    },
  };
  return {
    ...answer,
    error: { ...answer.error, ...problem },
    details: { ...answer.details, ...problem },
  };
}

/**
 * The readiness of a gateway with several workers: ready if at least one worker is, as a service is
 * ready while one of its replicas is. A client that another worker refuses reaches a different one
 * with its next attempt. So neither a roll nor one worker's death makes the gateway not ready.
 */
export function combinedReadiness(reports: Reports, service: string): HealthAnswer {
  const ready = reports.find(({ report }) => report?.status === 'healthy');
  const decisive = (ready ?? reports.find(({ report }) => report))?.report;
  return combined(reports, service, ready !== undefined, decisive);
}

/** @param decisive the report that decides, whose details are those of the whole */
function combined(
  reports: Reports,
  service: string,
  healthy: boolean,
  { info, error, details }: Partial<HealthAnswer> = {},
): HealthAnswer {
  return {
    info: info ?? {},
    error: error ?? {},
    details: details ?? {},
    status: healthy ? 'healthy' : 'unhealthy',
    service,
    clients: reports.reduce((sum, { report }) => sum + (report?.clients ?? 0), 0),
    workers: reports.map(({ worker, pid, state, report }) => ({
      worker,
      pid,
      state,
      status: report?.status ?? 'silent',
      ...(report && { clients: report.clients }),
      ...(report?.status === 'unhealthy' && { error: report.error }),
    })),
  };
}
