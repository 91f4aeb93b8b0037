import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { ConcurrencyLimit } from '../common/concurrency-limit.js';
import type { History } from '../contract/index.js';
import { historyIsUnreadable } from './history-error.js';
import { HistoryMetrics } from './history.metrics.js';

/** Requests that are served at a time. One may hold a page of 5,000 rows in memory. */
const MAX_READING = 8;
/** Requests that wait in addition. */
const MAX_WAITING = 500;
/** Time limit of a request, ms. */
const ANSWER_WITHIN_MS = 5_000;

/** Reads pages of all kinds of history, a bounded number at a time and each within a time limit. */
@Injectable()
export class HistoryReads {
  private readonly reading = new ConcurrencyLimit(MAX_READING, MAX_WAITING);

  constructor(
    private readonly metrics: HistoryMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Reads a page now or when it is its turn.
   * @param read reads it. It stops early when its signal is aborted
   * @param left aborted when the client has gone
   * @returns undefined if it has
   * @throws HistoryError if the page cannot be read, or not in time
   */
  async run<T extends History>(
    read: (signal: AbortSignal) => Promise<T>,
    left: AbortSignal,
  ): Promise<T | undefined> {
    if (left.aborted) return undefined;
    const stopping = new AbortController();
    const { signal } = stopping;
    const stop = (): void => stopping.abort();
    const timer = this.clock.after(ANSWER_WITHIN_MS, stop);
    left.addEventListener('abort', stop);
    try {
      const page = await this.reading.run(() => (signal.aborted ? Promise.resolve(undefined) : read(signal)));
      if (left.aborted) return undefined;
      if (!page || signal.aborted) throw historyIsUnreadable();
      this.metrics.historyRequests.inc({ resolution: page.resolution });
      this.metrics.historyRows.inc((page.updates ?? page.bars ?? []).length);
      return page;
    } catch {
      throw historyIsUnreadable(); // the history has logged the cause
    } finally {
      timer.cancel();
      left.removeEventListener('abort', stop);
    }
  }
}
