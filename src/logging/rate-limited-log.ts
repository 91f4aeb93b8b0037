/** The part of a pino logger that {@link RateLimitedLog} needs. */
export interface FaultLog {
  warn(fields: object, message: string): void;
}

/**
 * How many kinds of fault are remembered. Kinds come from the code, so this is only a safeguard.
 */
const MAX_KINDS = 1_000;

/**
 * Logs each kind of fault at most once per `intervalMs`, with the number of faults that were not
 * logged since (`suppressed`). So a producer that sends a thousand bad messages per second is
 * visible in the log, but neither fills the disk nor slows down the gateway.
 */
export class RateLimitedLog {
  private readonly kinds = new Map<string, { last: number; suppressed: number }>();

  constructor(
    private readonly log: FaultLog,
    private readonly now: () => number,
    private readonly intervalMs = 10_000,
  ) {}

  warn(kind: string, message: string, fields: object = {}): void {
    const now = this.now();
    const seen = this.kinds.get(kind);
    if (seen && now - seen.last < this.intervalMs) {
      seen.suppressed++;
      return;
    }
    if (!seen && this.kinds.size >= MAX_KINDS) this.kinds.clear();
    this.kinds.set(kind, { last: now, suppressed: 0 });
    this.log.warn({ ...fields, suppressed: seen?.suppressed ?? 0 }, message);
  }
}
