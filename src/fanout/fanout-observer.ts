/** Statistics of one flush. */
export interface Flush {
  /** Duration without the pauses between its slices, ms. */
  readonly durationMs: number;
  /** Number of writes; a flush makes one per client. */
  readonly writes: number;
  /** Number of frames in those writes. */
  readonly frames: number;
  readonly bytes: number;
  /** Bytes saved by compression. */
  readonly savedBytes: number;
}

/** An update whose latency is measured. */
export interface TimedUpdate {
  readonly event: string;
  /** The time at which its producer made it, ms since the epoch. */
  readonly producedAt: number;
  /** The time at which it arrived, ms of the monotonic clock. */
  readonly receivedAt: number;
}

export type CloseReason = 'stalled' | 'overflow';

/** Receives the engine's events, for metrics and the log. */
export interface FanoutObserver {
  flushed(flush: Flush): void;
  /**
   * These updates have been written to every client that keeps up. Called once for each update, not
   * once for each client.
   */
  written(updates: readonly TimedUpdate[]): void;
  /** Newer frames replaced this many updates that were held back from a lagging client. */
  conflated(frames: number): void;
  /** The number of lagging clients changed. */
  lagging(clients: number): void;
  closed(reason: CloseReason): void;
  /**
   * A connection does not have the library internals that the engine relies on. From now on every
   * frame is written at once.
   */
  degraded(problem: string): void;
}
