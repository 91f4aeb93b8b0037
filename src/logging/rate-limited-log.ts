/** The part of a pino logger that a fault path needs. */
export interface FaultLog {
  warn(fields: object, message: string): void;
}

/** Different kinds of fault remembered at once; kinds come from code, so this is only a backstop. */
const MAX_KINDS = 1_000;

/**
 * Logs a fault of each kind at most once in `intervalMs`, with the number left out since. A producer that sends a
 * thousand bad messages a second must not fill the disk or slow the gateway, and must not go unseen either.
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
