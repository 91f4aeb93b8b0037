import { type MetricsReport, sumOfCounts } from '../../metrics/metrics-registry.js';

/**
 * Remembers what the workers have counted, so that the sum over all workers never decreases when one
 * of them ends or does not answer. Prometheus takes a decrease for a restart of the whole gateway,
 * and would add everything counted so far once more.
 *
 * What a worker counted after its last report is lost if it is killed.
 */
export class WorkerTotals {
  /** The last report of each worker. */
  private readonly last = new Map<number, MetricsReport>();
  /** The sum over all workers that have ended. */
  private ended: MetricsReport = [];

  /** @param report a report of metrics; anything else is ignored */
  reported(worker: number, report: unknown): void {
    if (Array.isArray(report)) this.last.set(worker, report as MetricsReport);
  }

  /** Call this when a worker has ended. */
  gone(worker: number): void {
    const report = this.last.get(worker);
    if (!report) return;
    this.last.delete(worker);
    this.ended = sumOfCounts([this.ended, report]);
  }

  /** What the workers that have ended have counted, and those whose reports are missing. */
  besides(present: ReadonlySet<number>): MetricsReport {
    const missing = [...this.last].filter(([worker]) => !present.has(worker)).map(([, report]) => report);
    return missing.length > 0 ? sumOfCounts([this.ended, ...missing]) : this.ended;
  }
}
