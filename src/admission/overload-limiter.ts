export type OverloadReason = 'event_loop_delay' | 'memory';

/** One measurement of the load of this process. */
interface Load {
  /** The longest delay of a timer since the last measurement, ms. */
  readonly eventLoopDelayMs: number;
  /** Resident set size, bytes. */
  readonly rssBytes: number;
}

interface OverloadLimits {
  /** undefined: not watched */
  readonly maxEventLoopDelayMs: number | undefined;
  /** undefined: not watched */
  readonly maxRssBytes: number | undefined;
}

/**
 * The number of consecutive measurements above the limit that make the process overloaded. A single
 * late event loop can be a garbage collection; memory above its limit is a problem at once.
 */
const HIGH_MEASUREMENTS = { event_loop_delay: 2, memory: 1 } as const satisfies Record<
  OverloadReason,
  number
>;
/**
 * The share of the limit below which the load must fall before clients are admitted again. It is
 * high for memory, because a heap gives little memory back.
 */
const CALM_SHARE = { event_loop_delay: 0.5, memory: 0.95 } as const satisfies Record<OverloadReason, number>;
/** The number of consecutive measurements below that share that end the overload. */
const CALM_MEASUREMENTS = 3;
/** The share of the container's memory above which new clients are refused. */
const CONTAINER_SHARE = 0.9;

/**
 * A high-water mark with hysteresis. It is exceeded soon after the value passes the limit, and ends
 * only after the value has stayed well below the limit for a while. Otherwise the first calm moment
 * would admit all refused clients at once, and they would overload the process again.
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

/** Decides from measurements of the load whether the process is overloaded. */
export class OverloadLimiter {
  /** All reasons for which the process is overloaded now. */
  readonly reasons = new Set<OverloadReason>();
  private readonly marks = new Map<OverloadReason, HighMark>();

  /** @param changed is called when a reason begins or ends */
  constructor(
    { maxEventLoopDelayMs, maxRssBytes }: OverloadLimits,
    private readonly changed: (reason: OverloadReason, overloaded: boolean, load: Load) => void,
  ) {
    this.mark('event_loop_delay', maxEventLoopDelayMs);
    this.mark('memory', maxRssBytes);
  }

  /** The first of the reasons; undefined if the process is not overloaded. */
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
 * Returns the resident set size above which new clients are refused, bytes; undefined if there is
 * no limit.
 * @param configured the configured limit, bytes; 0: derive it from the limit of the container
 * @param container the memory limit of the container, bytes. It is unknown, 0 or above the memory
 * of the machine if the container has no limit.
 * @param machine the memory of the machine, bytes
 * @param workers the processes that share the memory of the container
 */
export function rssLimit(
  configured: number,
  container: number | undefined,
  machine: number,
  workers = 1,
): number | undefined {
  if (configured > 0) return configured;
  return container !== undefined && container > 0 && container < machine
    ? Math.floor((container * CONTAINER_SHARE) / workers)
    : undefined;
}
