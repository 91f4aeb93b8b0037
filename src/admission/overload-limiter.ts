export type OverloadReason = 'event_loop_delay' | 'memory';

/** What the process feels like, measured now and then. */
export interface Load {
  /** By how much a timer was late at most since the last measurement, ms. */
  readonly eventLoopDelayMs: number;
  /** Resident set, bytes. */
  readonly rssBytes: number;
}

export interface OverloadLimits {
  /** undefined: not watched */
  readonly maxEventLoopDelayMs: number | undefined;
  /** undefined: not watched */
  readonly maxRssBytes: number | undefined;
}

/**
 * For so many measurements in a row load must be above its limit. One that stands still for a moment, as for a collection of
 * garbage, is not overloaded; memory that is full is.
 */
const HIGH_MEASUREMENTS = { event_loop_delay: 2, memory: 1 } as const satisfies Record<
  OverloadReason,
  number
>;
/** Load must have fallen this far below its limit before clients are taken again. A heap gives little back. */
const CALM_SHARE = { event_loop_delay: 0.5, memory: 0.95 } as const satisfies Record<OverloadReason, number>;
/** ... for so many measurements in a row. */
const CALM_MEASUREMENTS = 3;
/** Of the memory that a container may use, the share from which on no new clients are taken. */
const CONTAINER_SHARE = 0.9;

/**
 * Above a limit soon, below it only after it has been well below for a while: without that, the clients kept away would
 * all be let in by the first calm moment, and be too many again.
 */
class HighMark {
  private over = false;
  private high = 0;
  private calm = 0;

  constructor(
    private readonly limit: number,
    private readonly low: number,
    private readonly highMeasurements: number,
  ) {}

  observe(value: number): boolean {
    this.high = value > this.limit ? this.high + 1 : 0;
    this.calm = value < this.low ? this.calm + 1 : 0;
    if (this.high >= this.highMeasurements) this.over = true;
    else if (this.calm >= CALM_MEASUREMENTS) this.over = false;
    return this.over;
  }
}

/** Tells from its load whether the process is overloaded. */
export class OverloadLimiter {
  /** Every reason there is now. */
  readonly reasons = new Set<OverloadReason>();
  private readonly marks = new Map<OverloadReason, HighMark>();

  /** @param changed is told when a reason comes or goes */
  constructor(
    { maxEventLoopDelayMs, maxRssBytes }: OverloadLimits,
    private readonly changed: (reason: OverloadReason, overloaded: boolean, load: Load) => void,
  ) {
    this.mark('event_loop_delay', maxEventLoopDelayMs);
    this.mark('memory', maxRssBytes);
  }

  /** The first reason there is; undefined while the process is not overloaded. */
  get reason(): OverloadReason | undefined {
    for (const reason of this.reasons) return reason;
    return undefined;
  }

  observe(load: Load): void {
    const values = { event_loop_delay: load.eventLoopDelayMs, memory: load.rssBytes } as const;
    for (const [reason, mark] of this.marks) {
      const overloaded = mark.observe(values[reason]);
      if (overloaded === this.reasons.has(reason)) continue;
      if (overloaded) this.reasons.add(reason);
      else this.reasons.delete(reason);
      this.changed(reason, overloaded, load);
    }
  }

  private mark(reason: OverloadReason, limit: number | undefined): void {
    if (limit === undefined) return;
    this.marks.set(reason, new HighMark(limit, limit * CALM_SHARE[reason], HIGH_MEASUREMENTS[reason]));
  }
}

/**
 * The resident set from which on no new clients are taken, bytes; undefined where there is no limit.
 * @param configured 0: from the container's limit
 * @param container what the container may use; unknown, 0 or beyond the machine's memory where there is no limit
 */
export function rssLimit(
  configured: number,
  container: number | undefined,
  machine: number,
): number | undefined {
  if (configured > 0) return configured;
  return container !== undefined && container > 0 && container < machine
    ? Math.floor(container * CONTAINER_SHARE)
    : undefined;
}
