import type { AdminStats } from '../../../src/contract/admin-stats.js';
import { ApiError } from './admin-api.js';
import { EventStreamReader } from './event-stream.js';

/** A stream that brings nothing for so long is dead, ms: the gateway sends each second. */
const SILENCE_MS = 6_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;

type Timer = ReturnType<typeof setTimeout>;

export type StreamState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** The page tries again at `retryAt`, ms of `performance.now()`. */
  | { readonly kind: 'lost'; readonly problem: string; readonly retryAt: number };

export interface StreamListener {
  onState(state: StreamState): void;
  onStats(stats: AdminStats): void;
  /** The token is wrong, or this gateway has no admin API. The stream has ended. */
  onRefused(problem: string): void;
}

/** What the stream needs of the admin API. */
export interface StatsSource {
  openStats(signal: AbortSignal): Promise<Response>;
}

/** Follows `admin_stats`. A lost connection is opened again, after a pause that grows up to 15 s. */
export class StatsStream {
  private attempt: AbortController | undefined;
  private retryTimer: Timer | undefined;
  private failures = 0;
  private ended = false;

  constructor(
    private readonly source: StatsSource,
    private readonly listener: StreamListener,
    private readonly random: () => number = Math.random,
  ) {}

  start(): void {
    void this.connect();
  }

  /** Connects at once, instead of when the pause has passed. */
  retryNow(): void {
    if (this.retryTimer === undefined) return;
    clearTimeout(this.retryTimer);
    void this.connect();
  }

  stop(): void {
    this.ended = true;
    clearTimeout(this.retryTimer);
    this.attempt?.abort();
  }

  private async connect(): Promise<void> {
    this.retryTimer = undefined;
    const attempt = (this.attempt = new AbortController());
    this.listener.onState({ kind: 'connecting' });
    let watchdog = this.abortLater(attempt);
    try {
      const response = await this.source.openStats(attempt.signal);
      const reader = new EventStreamReader();
      const pieces = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await pieces.read();
        if (done) break;
        clearTimeout(watchdog);
        watchdog = this.abortLater(attempt);
        for (const { event, data } of reader.read(value)) if (event === 'admin_stats') this.take(data);
      }
      this.fail('The gateway closed the connection.');
    } catch (error) {
      this.failWith(error, attempt.signal.aborted);
    } finally {
      clearTimeout(watchdog);
    }
  }

  private take(data: string): void {
    if (this.ended) return;
    const stats = JSON.parse(data) as AdminStats;
    this.failures = 0;
    this.listener.onState({ kind: 'live' });
    this.listener.onStats(stats);
  }

  private failWith(error: unknown, isSilent: boolean): void {
    if (this.ended) return;
    if (error instanceof ApiError && (error.status === 401 || error.status === 404)) {
      this.ended = true;
      this.listener.onRefused(
        error.status === 401
          ? error.message
          : 'This gateway has no admin API. It needs ADMIN_PORT and ADMIN_TOKEN.',
      );
      return;
    }
    if (isSilent) this.fail('Nothing has come for 6 seconds.');
    else this.fail(error instanceof ApiError ? error.message : 'The connection broke.');
  }

  private fail(problem: string): void {
    if (this.ended) return;
    const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures++);
    const pause = longest * (0.5 + this.random() / 2);
    this.listener.onState({ kind: 'lost', problem, retryAt: performance.now() + pause });
    this.retryTimer = setTimeout(() => void this.connect(), pause);
  }

  private abortLater(attempt: AbortController): Timer {
    return setTimeout(() => attempt.abort(), SILENCE_MS);
  }
}
