import type { MetricsReport } from '../metrics/metrics-registry.js';

/** What the workers of one gateway tell about themselves. */
export type ReportKind = 'metrics' | 'rooms' | 'health' | 'readiness';

export const WORKER_STATES = ['starting', 'serving', 'draining'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** Why the primary replaced a worker. */
export const WORKER_ENDS = ['exited', 'hung'] as const;
export type WorkerEnd = (typeof WORKER_ENDS)[number];

export interface WorkerReport<T = unknown> {
  /** The number of the worker, as in the field `worker` of the log. */
  readonly worker: number;
  readonly pid: number;
  readonly state: WorkerState;
  /** `undefined` if the worker did not answer in time. */
  readonly report?: T;
}

/** The reports of all workers, and what the primary counts itself. */
export interface Collected<T = unknown> {
  readonly workers: readonly WorkerReport<T>[];
  readonly restarts: Readonly<Record<WorkerEnd, number>>;
  /** When the primary started, seconds since the epoch. */
  readonly startedAt: number;
  /**
   * With `metrics`: what other workers have counted that have ended or did not answer. It keeps the
   * sums from decreasing.
   */
  readonly counts?: MetricsReport;
  /** Log lines of workers that the primary could not write. */
  readonly logLinesDropped: number;
}

/** Nest token of {@link WorkerReports}; `null` if this process is the only one. */
export const WORKER_REPORTS = Symbol('WORKER_REPORTS');

/** Through the primary, each worker can ask all workers. */
export interface WorkerReports {
  /** The number of this worker. */
  readonly worker: number;
  /** Sets how this worker makes its own report. */
  provide(of: ReportKind, report: () => Promise<unknown>): void;
  /**
   * Asks all workers, and adds this worker's own report. A worker that does not answer in time is listed without a report.
   * @throws Error if the primary does not answer
   */
  collect(of: ReportKind): Promise<Collected>;
}
