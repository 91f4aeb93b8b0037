import { backoffMs } from '../../common/backoff.js';
import type { Clock, Timer } from '../../common/clock.js';
import type { WorkerEnd, WorkerState } from '../../operations/worker-reports.js';
import type { MetricsReport } from '../../metrics/metrics-registry.js';
import type { ToPrimary, ToWorker } from './messages.js';
import { ReportCollector } from './report-collector.js';
import { WorkerTotals } from './worker-totals.js';

/** The time between two pings of each worker, ms. */
export const PING_EVERY_MS = 5_000;
/**
 * After so many pings without any answer, a worker is killed: after 30 to 35 s. Pings are counted instead of
 * time: if this whole machine was suspended, no worker hangs.
 */
export const MAX_UNANSWERED_PINGS = 6;
/** The first delay before a worker that died is replaced, ms. */
const FIRST_BACKOFF_MS = 200;
/** A worker that served for so long did not die of its start, ms. */
const STABLE_MS = 60_000;

/** A process of a worker. */
export interface WorkerProcess {
  /** Its number, which no later worker of this primary gets. */
  readonly id: number;
  readonly pid: number;
  send(message: ToWorker): void;
  kill(): void;
}

export interface WorkerListener {
  message(message: ToPrimary): void;
  /** After all messages of the worker. */
  ended(how: End): void;
}

/** How a process ended. */
interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

interface SupervisorOptions {
  readonly count: number;
  readonly fork: (listener: (worker: WorkerProcess) => WorkerListener) => void;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  /** When this process started, seconds since the epoch. */
  readonly startedAt: number;
  readonly logLinesDropped: () => number;
  /** Called if a worker cannot start while no other one serves: this gateway cannot work. */
  readonly failed: (problem: string) => void;
}

interface Worker {
  readonly process: WorkerProcess;
  state: WorkerState;
  unanswered: number;
  servesSince: number;
  /** Why it cannot start. */
  problem?: string;
  /** Whether it was killed because it hangs. */
  hung?: boolean;
}

/** One worker that is being replaced without need: at the operator's request. */
interface Exchange {
  readonly old: Worker;
  readonly fresh: Worker;
}

/**
 * Keeps `count` workers running. It starts the first one alone, because a wrong setting would end
 * each of them in the same way. It replaces workers that die or hang, rolls them one by one, and
 * drains them all together.
 */
export class Supervisor {
  private readonly workers = new Map<number, Worker>();
  private readonly replacements = new Set<Timer>();
  private readonly reports: ReportCollector;
  private readonly totals = new WorkerTotals();
  private readonly restarts: Record<WorkerEnd, number> = { exited: 0, hung: 0 };
  /** Workers that died in a row, without one that was stable. */
  private deaths = 0;
  /** Whether the first worker has served, and so the others were started. */
  private proven = false;
  /** Whether all workers have served. */
  private complete = false;
  private rollWanted = false;
  /** The workers that the present roll has not replaced yet. */
  private toRoll: Worker[] = [];
  private rolling = false;
  private exchange: Exchange | undefined;
  private pings: Timer | undefined;
  private stopping: (() => void) | undefined;

  constructor(private readonly options: SupervisorOptions) {
    this.reports = new ReportCollector(options.clock);
  }

  start(): void {
    this.fork();
    this.ping();
  }

  /** Replaces all workers one by one. While that runs, further calls lead to one more roll. */
  roll(): void {
    this.rollWanted = true;
    this.proceed();
  }

  /** Drains all workers at the same time. Resolves when all have ended. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.stopping = resolve;
      for (const timer of this.replacements) timer.cancel();
      for (const { process } of this.workers.values()) process.send({ kind: 'stop', othersServe: false });
      this.endIfEmpty();
    });
  }

  /** Kills all workers at once. */
  kill(): void {
    for (const { process } of this.workers.values()) process.kill();
  }

  private get serving(): Worker[] {
    return [...this.workers.values()].filter(({ state }) => state === 'serving');
  }

  private fork(): Worker {
    let forked!: Worker;
    this.options.fork((process) => {
      forked = { process, state: 'starting', unanswered: 0, servesSince: 0 };
      this.workers.set(process.id, forked);
      return {
        message: (message) => this.receive(forked, message),
        ended: (how) => this.ended(forked, how),
      };
    });
    this.options.log.info({ worker: forked.process.id, worker_pid: forked.process.pid }, 'worker_started');
    return forked;
  }

  private receive(worker: Worker, message: ToPrimary): void {
    worker.unanswered = 0;
    switch (message.kind) {
      case 'pong':
        return;
      case 'serving':
        this.serves(worker);
        return;
      case 'failed':
        worker.problem = message.problem;
        return;
      case 'reported':
        this.reports.reported(worker.process.id, message.id, message.report);
        return;
      case 'metrics':
        this.totals.reported(worker.process.id, message.report);
        return;
      case 'ask':
        this.answer(worker, message);
        return;
    }
  }

  private answer(asker: Worker, { id, of }: Extract<ToPrimary, { kind: 'ask' }>): void {
    // The asker has its own report.
    const asked = [...this.workers.values()].filter(
      (worker) => worker !== asker && worker.state !== 'starting',
    );
    this.reports.collect(
      of,
      asked.map(({ process }) => process),
      (reports) => {
        const workers = [...this.workers.values()].map(({ process, state }) => ({
          worker: process.id,
          pid: process.pid,
          state,
          report: reports.get(process.id),
        }));
        const logLinesDropped = this.options.logLinesDropped();
        const { startedAt } = this.options;
        const counts = of === 'metrics' ? this.countsBesides(asker, reports) : undefined;
        const collected = { workers, restarts: { ...this.restarts }, counts, startedAt, logLinesDropped };
        asker.process.send({ kind: 'answer', id, collected });
      },
    );
  }

  private countsBesides(asker: Worker, reports: ReadonlyMap<number, unknown>): MetricsReport {
    for (const [id, report] of reports) this.totals.reported(id, report);
    const present = [...reports].flatMap(([id, report]) => (report === undefined ? [] : [id]));
    return this.totals.besides(new Set([asker.process.id, ...present]));
  }

  private serves(worker: Worker): void {
    if (this.stopping) return; // the message crossed ours
    worker.state = 'serving';
    worker.servesSince = this.options.clock.now();
    if (!this.proven) {
      this.proven = true;
      for (let others = this.options.count - 1; others > 0; others--) this.fork();
    }
    if (!this.complete && this.serving.length === this.options.count) {
      this.complete = true;
      this.options.log.info({ workers: this.options.count }, 'workers_serving');
    }
    if (this.exchange?.fresh === worker) this.drain(this.exchange.old);
    this.proceed();
  }

  private drain(worker: Worker): void {
    if (!this.workers.has(worker.process.id)) {
      this.exchange = undefined; // it died in the meantime, and its replacement is here
      return;
    }
    worker.state = 'draining';
    worker.process.send({ kind: 'stop', othersServe: true });
  }

  private ended(worker: Worker, how: End): void {
    this.workers.delete(worker.process.id);
    this.reports.gone(worker.process.id);
    this.totals.gone(worker.process.id);
    if (this.stopping) {
      this.endIfEmpty();
      return;
    }
    if (worker.state === 'starting') this.startFailed(worker, how);
    else if (worker.state === 'serving') this.died(worker, how);
    else if (worker === this.exchange?.old) this.exchange = undefined;
    this.proceed();
  }

  private died(worker: Worker, how: End): void {
    const { id, pid } = worker.process;
    const reason: WorkerEnd = worker.hung ? 'hung' : 'exited';
    this.restarts[reason]++;
    this.options.log.warn({ worker: id, worker_pid: pid, reason, ...how }, 'worker_died');
    if (this.options.clock.now() - worker.servesSince >= STABLE_MS) this.deaths = 0;
    // If a roll has already begun to replace it, one replacement is enough.
    if (worker !== this.exchange?.old) this.replace();
  }

  private startFailed(worker: Worker, how: End): void {
    const end = how.signal ?? `exit code ${how.code}`;
    const problem = worker.problem ?? `a worker ended with ${end} before it listened.`;
    if (this.serving.length === 0) {
      this.options.failed(problem);
      return;
    }
    this.options.log.warn({ worker: worker.process.id, problem }, 'worker_cannot_start');
    if (this.exchange?.fresh !== worker) {
      this.replace();
      return;
    }
    const oldRuns = this.workers.has(this.exchange.old.process.id);
    this.exchange = undefined;
    this.rolling = false;
    this.toRoll = [];
    this.options.log.warn({ problem }, 'workers_not_rolled');
    if (!oldRuns) this.replace();
  }

  private replace(): void {
    const timer = this.options.clock.after(backoffMs(++this.deaths, FIRST_BACKOFF_MS), () => {
      this.replacements.delete(timer);
      this.fork();
    });
    this.replacements.add(timer);
  }

  /** Begins the next step of a roll if nothing is under way. */
  private proceed(): void {
    if (this.stopping || this.exchange) return;
    if ([...this.workers.values()].some(({ state }) => state !== 'serving')) return;
    if (!this.complete) return;
    if (!this.rolling && this.rollWanted) {
      this.rollWanted = false;
      this.rolling = true;
      this.toRoll = this.serving;
      this.options.log.info({ workers: this.toRoll.length }, 'workers_rolling');
    }
    if (!this.rolling) return;
    let old = this.toRoll.shift();
    while (old && !this.workers.has(old.process.id)) old = this.toRoll.shift(); // it was replaced
    if (old) {
      this.exchange = { old, fresh: this.fork() };
      return;
    }
    this.rolling = false;
    this.options.log.info({}, 'workers_rolled');
    this.proceed();
  }

  private ping(): void {
    for (const worker of this.workers.values()) {
      if (worker.hung) continue;
      if (worker.unanswered >= MAX_UNANSWERED_PINGS) {
        worker.hung = true;
        this.options.log.warn({ worker: worker.process.id }, 'worker_hangs');
        worker.process.kill();
        continue;
      }
      worker.unanswered++;
      worker.process.send({ kind: 'ping' });
    }
    this.pings = this.options.clock.after(PING_EVERY_MS, () => this.ping());
  }

  private endIfEmpty(): void {
    if (this.workers.size > 0) return;
    this.pings?.cancel();
    this.stopping?.();
  }
}
