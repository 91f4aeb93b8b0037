import { realTimer, type Timer, TurnLimit } from './clock.js';

/** A longer timer of Node.js would fire at once. */
const MAX_SLEEP_MS = 60_000;

/**
 * Says when the messages of a feed are due. Each time is counted from the start of the feed, so a
 * late timer or a slow broker delays single messages but never adds up to a drift.
 */
export class Schedule {
  private readonly start: number;
  private readonly turn: TurnLimit;

  constructor(private readonly timer: Timer = realTimer) {
    this.start = timer.now();
    this.turn = new TurnLimit(timer);
  }

  /** Ms since the feed began. */
  elapsed(): number {
    return this.timer.now() - this.start;
  }

  /** Waits until `at`, in ms since the feed began, or until `signal` aborts. */
  async until(at: number, signal?: AbortSignal): Promise<void> {
    for (let wait = at - this.elapsed(); wait > 0 && !signal?.aborted; wait = at - this.elapsed()) {
      await this.timer.sleep(Math.min(wait, MAX_SLEEP_MS), signal);
      this.turn.renew();
    }
    await this.turn.check(signal);
  }
}
