import type { Clock, Timer } from '../../common/clock.js';
import type { ReportKind } from '../../operations/worker-reports.js';
import type { ToWorker } from './messages.js';

/** How long the primary waits for the reports of the workers, ms. Probes wait for longer. */
export const COLLECT_MS = 750;

/** A worker that owes so many reports hangs. It is not asked again before it has answered one. */
const MAX_OWED = 16;

interface Asked {
  readonly id: number;
  send(message: ToWorker): void;
}

interface Collection {
  readonly waitsFor: Set<number>;
  readonly reports: Map<number, unknown>;
  readonly done: (reports: ReadonlyMap<number, unknown>) => void;
  readonly timer: Timer;
}

/** Asks workers for reports. A worker that hangs or dies never delays the others' answer for long. */
export class ReportCollector {
  private readonly collections = new Map<number, Collection>();
  /** How many reports each worker has not sent. */
  private readonly owed = new Map<number, number>();
  private lastId = 0;

  constructor(private readonly clock: Pick<Clock, 'after'>) {}

  /** Calls `done` with the reports by worker, once all are there or the time is over. */
  collect(
    of: ReportKind,
    workers: Iterable<Asked>,
    done: (reports: ReadonlyMap<number, unknown>) => void,
  ): void {
    const id = ++this.lastId;
    const waitsFor = new Set<number>();
    const timer = this.clock.after(COLLECT_MS, () => this.finish(id));
    this.collections.set(id, { waitsFor, reports: new Map(), done, timer });
    for (const worker of workers) {
      const owed = this.owed.get(worker.id) ?? 0;
      if (owed >= MAX_OWED) continue;
      this.owed.set(worker.id, owed + 1);
      waitsFor.add(worker.id);
      worker.send({ kind: 'report', id, of });
    }
    if (waitsFor.size === 0) this.finish(id);
  }

  /** Takes a worker's report. One that comes too late is dropped. */
  reported(worker: number, id: number, report: unknown): void {
    this.owed.set(worker, Math.max(0, (this.owed.get(worker) ?? 0) - 1));
    const collection = this.collections.get(id);
    if (!collection?.waitsFor.delete(worker)) return;
    collection.reports.set(worker, report);
    if (collection.waitsFor.size === 0) this.finish(id);
  }

  /** Call this when a worker has ended. */
  gone(worker: number): void {
    this.owed.delete(worker);
    for (const [id, { waitsFor }] of this.collections) {
      if (waitsFor.delete(worker) && waitsFor.size === 0) this.finish(id);
    }
  }

  private finish(id: number): void {
    const collection = this.collections.get(id);
    if (!collection) return;
    this.collections.delete(id);
    collection.timer.cancel();
    collection.done(collection.reports);
  }
}
