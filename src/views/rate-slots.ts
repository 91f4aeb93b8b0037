import type { Clock, Timer } from '../common/clock.js';

/**
 * Lets each stream pass once in each interval of a clock that all streams share. A stream that was
 * quiet in the current interval passes at once. Otherwise it waits for the next interval, and all
 * streams that wait pass together.
 */
export class RateSlots {
  private slot = -Infinity;
  /** The streams that have passed in the current interval. */
  private passed = new Set<string>();
  private readonly waiting = new Set<string>();
  private timer: Timer | undefined;
  /** The interval for which the timer is set. */
  private dueSlot = 0;

  /**
   * @param intervalMs the length of an interval, ms
   * @param due is called with the streams that waited, when the next interval begins
   */
  constructor(
    private readonly clock: Clock,
    private readonly intervalMs: number,
    private readonly due: (streams: ReadonlySet<string>) => void,
  ) {}

  /** Returns true if the stream may pass now. If not, it is among those that wait. */
  passOrWait(stream: string): boolean {
    this.enter(Math.floor(this.clock.now() / this.intervalMs));
    if (!this.passed.has(stream)) {
      this.passed.add(stream);
      this.waiting.delete(stream); // the timer of the interval before may be late
      return true;
    }
    this.waiting.add(stream);
    if (!this.timer) {
      this.dueSlot = this.slot + 1;
      this.timer = this.clock.after(this.dueSlot * this.intervalMs - this.clock.now(), () => this.next());
    }
    return false;
  }

  stop(): void {
    this.timer?.cancel();
  }

  private enter(slot: number): void {
    if (slot <= this.slot) return;
    this.slot = slot;
    this.passed.clear();
  }

  private next(): void {
    this.timer = undefined;
    // A timer may be a little early. Its interval begins now in any case.
    this.enter(Math.max(this.dueSlot, Math.floor(this.clock.now() / this.intervalMs)));
    const streams = new Set(this.waiting);
    this.waiting.clear();
    for (const stream of streams) this.passed.add(stream);
    this.due(streams);
  }
}
