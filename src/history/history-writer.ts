import type { Clock, Timer } from '../common/clock.js';
import type { HistoryId } from './history-id.js';
import type { AppendResult, HistoryBounds, HistoryRun, HistoryStore } from './history-store.js';
import type { RecentUpdates } from './recent-updates.js';

/** The updates that this replica has received and the store may lack, by stream. */
export interface UnwrittenUpdates {
  /** The streams with such updates that may be written now. */
  readonly waiting: readonly string[];
  /** After how long another stream may be written, ms; Infinity if there is none. */
  readonly nextAfterMs: number;
  /** Whether there are such updates. */
  readonly waits: boolean;
  /** The run of a stream that is written next. It stays the same until {@link written} is called. */
  of(stream: string): RecentUpdates | undefined;
  /**
   * The store has all updates of the run.
   * @returns whether the stream has another run, which follows a gap
   */
  written(stream: string): boolean;
}

export interface HistoryWriterOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** The shortest time between two writes of a stream, ms. */
  readonly intervalMs: number;
  readonly bounds: HistoryBounds;
  /** Whether this replica holds the writer's lease. */
  readonly mayWrite: () => boolean;
  /** Asks for the writer's lease, because there are updates to write. */
  readonly claim: () => void;
  /** Called after the store was brought up to date, with the newest id of each written stream. */
  readonly onWritten: (newest: ReadonlyMap<string, HistoryId>) => Promise<void>;
  /**
   * Called if this replica cannot continue a stream without a gap. Returns whether it leaves that to
   * another replica for some time, which may have received what is missing.
   * @param last the last entry of the stream; undefined if it has none
   */
  readonly yields: (stream: string, last: HistoryId | undefined) => boolean;
  readonly onAppend: (result: AppendResult, run: HistoryRun) => void;
  readonly onError: (error: Error, stream?: string) => void;
}

/** Streams that are written together. It limits how long one write blocks Redis. */
const BATCH = 32;
/**
 * Streams that waited for other replicas are written soon after that, but in groups: so many flushes
 * at most in an interval.
 */
const FLUSHES_PER_INTERVAL = 20;
/** The most writes to one stream in one flush. What is left waits for the next flush. */
const MAX_ROUNDS = 8;

/**
 * Writes the recent updates to the store, once in an interval, and only on the replica that holds
 * the writer's lease. The other replicas remember what they have received. When one of them gets
 * the lease, it first finds out what each stream lacks.
 *
 * Correctness does not depend on the lease. Each run of updates names the update before it, and the
 * store appends only what continues the stream. So two writers can neither store an update twice
 * nor leave one out.
 */
export class HistoryWriter {
  private timer: Timer | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly store: HistoryStore,
    private readonly recent: UnwrittenUpdates,
    private readonly options: HistoryWriterOptions,
  ) {}

  /** Schedules a write. Call it after an update was added to the recent ones. */
  schedule(): void {
    this.flushAfter(this.options.intervalMs);
  }

  private flushAfter(ms: number): void {
    if (this.timer || this.stopped) return;
    this.timer = this.options.clock.after(ms, () => {
      this.flushing = this.flush().finally(() => {
        this.timer = undefined;
        // A replica that is not the writer waits until it is, and then writes what is missing.
        if (this.recent.waits) this.flushAfter(this.pauseMs);
      });
    });
    this.timer.unref?.();
  }

  /** Writes what waits, if this replica is the writer. Never rejects. Call it at shutdown. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.flushing;
    await this.flush();
  }

  private async flush(): Promise<void> {
    if (!this.options.mayWrite()) {
      this.options.claim();
      return;
    }
    const { waiting } = this.recent;
    const newest = new Map<string, HistoryId>();
    for (let start = 0; start < waiting.length; start += BATCH) {
      try {
        await this.writeBatch(waiting.slice(start, start + BATCH), newest);
      } catch (error) {
        // The store cannot be reached. The updates wait for the next flush.
        this.options.onError(error instanceof Error ? error : new Error(String(error)));
        return;
      }
    }
    if (newest.size > 0) await this.options.onWritten(newest);
  }

  private async writeBatch(streams: readonly string[], newest: Map<string, HistoryId>): Promise<void> {
    let open = streams;
    for (let round = 0; round < MAX_ROUNDS && open.length > 0 && this.options.mayWrite(); round++) {
      const attempts = open.flatMap((stream) => this.nextRun(stream));
      if (attempts.length === 0) return;
      const results = await this.store.append(
        attempts.map(({ run }) => run),
        this.options.bounds,
      );
      open = attempts.flatMap((attempt, index) =>
        this.note(attempt, results[index], newest) ? [attempt.run.stream] : [],
      );
    }
  }

  /** The time until the next flush, ms. */
  private get pauseMs(): number {
    const { intervalMs } = this.options;
    return Math.min(intervalMs, Math.max(this.recent.nextAfterMs, intervalMs / FLUSHES_PER_INTERVAL));
  }

  private nextRun(stream: string): Attempt[] {
    const recent = this.recent.of(stream);
    const run = recent?.unwritten(stream);
    if (recent && run) return [{ run, recent, epoch: recent.epoch }];
    return this.recent.written(stream) ? this.nextRun(stream) : [];
  }

  /** Returns whether more of the stream should be written in this flush. */
  private note(
    { run, recent, epoch }: Attempt,
    result: AppendResult | Error | undefined,
    newest: Map<string, HistoryId>,
  ): boolean {
    const { stream, entries } = run;
    if (result === undefined) return false;
    if (result instanceof Error) {
      this.options.onError(result, stream);
      return false;
    }
    // Meanwhile, the clock of the producer was set back, or the feed was lost.
    if (recent.epoch !== epoch || this.recent.of(stream) !== recent) return false;
    this.options.onAppend(result, run);
    const isMissing = result.behind && !(result.last && recent.after(result.last));
    if (isMissing && this.options.yields(stream, result.last)) return false;
    const written = result.behind ? result.last : entries.at(-1);
    recent.storeHas(written);
    if (!result.behind && written) newest.set(stream, written);
    return true;
  }
}

/** A run that is being written, and whose it is. */
interface Attempt {
  readonly run: HistoryRun;
  readonly recent: RecentUpdates;
  /** That of `recent` when the run was taken. */
  readonly epoch: number;
}
