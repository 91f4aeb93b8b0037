/** What one flush did. */
export interface Flush {
  /** Work, without the pauses between its slices, ms. */
  readonly durationMs: number;
  /** Clients written to. */
  readonly writes: number;
  /** Frames those writes carried. */
  readonly frames: number;
  readonly bytes: number;
  /** What deflating saved of the bytes. */
  readonly savedBytes: number;
}

export type CloseReason = 'stalled' | 'overflow';

/** Told of what the engine does, for the metrics and the log. */
export interface FanoutObserver {
  flushed(flush: Flush): void;
  /** Frames that waited for a lagging client were left out for newer ones. */
  conflated(frames: number): void;
  /** A client began to lag, or caught up or went. */
  lagging(clients: number): void;
  closed(reason: CloseReason): void;
  /** A connection is not what the engine relies on: from now on every frame goes out at once, by the plain path there. */
  degraded(problem: string): void;
}
