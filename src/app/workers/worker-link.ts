import type { Clock, Timer } from '../../common/clock.js';
import { messageOf } from '../../common/message-of.js';
import type { Collected, ReportKind, WorkerReports } from '../../operations/worker-reports.js';
import type { ToPrimary, ToWorker } from './messages.js';
import { COLLECT_MS } from './report-collector.js';

/** The primary itself must answer within this time, ms. It waits for the workers for less. */
const ANSWER_MS = COLLECT_MS + 2_000;

/** A worker's channel to the primary. */
export interface PrimaryChannel {
  /** The number of this worker. */
  readonly worker: number;
  /** @param sent is called once the message is written, or cannot be */
  send(message: ToPrimary, sent?: () => void): void;
  /** @param lost is called when the primary has ended */
  listen(receive: (message: ToWorker) => void, lost: () => void): void;
}

interface Question {
  readonly answer: (collected: Collected) => void;
  readonly timer: Timer;
}

/** A worker's side of the conversation with the primary. */
export class WorkerLink implements WorkerReports {
  private readonly reports = new Map<ReportKind, () => Promise<unknown>>();
  private readonly questions = new Map<number, Question>();
  private lastId = 0;
  private stopped = false;
  private stopListener: () => void = () => undefined;
  private others = true;

  constructor(
    private readonly channel: PrimaryChannel,
    private readonly clock: Pick<Clock, 'after'>,
  ) {}

  /**
   * @param stop is called once: when the primary stops this worker, or has ended. A second call
   * would count as a second signal, which ends a process at once.
   */
  open(stop: () => void): void {
    this.stopListener = stop;
    this.channel.listen(
      (message) => this.receive(message),
      () => this.stop(false),
    );
  }

  get worker(): number {
    return this.channel.worker;
  }

  /** Whether other workers serve when this one stops, so that new clients should reach them. */
  get othersServe(): boolean {
    return this.others;
  }

  serving(): void {
    this.channel.send({ kind: 'serving' });
  }

  /** Tells the primary why this worker cannot start. */
  failed(problem: string, sent: () => void): void {
    this.channel.send({ kind: 'failed', problem }, sent);
  }

  /** Tells the primary what this worker has counted. Resolves once that is sent. */
  async ending(): Promise<void> {
    const report = await this.report('metrics');
    await new Promise<void>((resolve) => this.channel.send({ kind: 'metrics', report }, resolve));
  }

  provide(of: ReportKind, report: () => Promise<unknown>): void {
    this.reports.set(of, report);
  }

  async collect(of: ReportKind): Promise<Collected> {
    const own = this.report(of);
    const { workers, ...rest } = await this.ask(of);
    const report = await own;
    if (of === 'metrics') this.channel.send({ kind: 'metrics', report });
    const withOwn = workers.map((one) => (one.worker === this.channel.worker ? { ...one, report } : one));
    return { ...rest, workers: withOwn };
  }

  private ask(of: ReportKind): Promise<Collected> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const timer = this.clock.after(ANSWER_MS, () => {
        this.questions.delete(id);
        reject(new Error(`The primary process did not answer within ${ANSWER_MS} ms.`));
      });
      this.questions.set(id, { answer: resolve, timer });
      this.channel.send({ kind: 'ask', id, of });
    });
  }

  private receive(message: ToWorker): void {
    switch (message.kind) {
      case 'ping':
        this.channel.send({ kind: 'pong' });
        return;
      case 'stop':
        this.stop(message.othersServe);
        return;
      case 'report':
        void this.report(message.of).then((report) =>
          this.channel.send({ kind: 'reported', id: message.id, report }),
        );
        return;
      case 'answer': {
        const question = this.questions.get(message.id);
        this.questions.delete(message.id);
        question?.timer.cancel();
        question?.answer(message.collected);
      }
    }
  }

  /** A report that fails is missing. So it does not delay those of others. */
  private async report(of: ReportKind): Promise<unknown> {
    try {
      return await this.reports.get(of)?.();
    } catch (error) {
      process.emitWarning(`The report of ${of} failed: ${messageOf(error)}`);
      return undefined;
    }
  }

  private stop(othersServe: boolean): void {
    this.others = othersServe;
    if (this.stopped) return;
    this.stopped = true;
    this.stopListener();
  }
}
