import type { Frame } from './frame.js';

/**
 * What a client that cannot keep up is still to get: the newest frame of each key, in the order they came.
 */
export class Conflation {
  /** Frames left out because a newer one of their key came, since the client was last told. */
  dropped = 0;
  private readonly newest = new Map<string, Frame>();

  /**
   * @param lastProgress when the client last took something, as far as was looked; ms of the engine's clock
   * @param waiting what it had yet to take then, bytes
   */
  constructor(
    private lastProgress: number,
    private waiting: number,
  ) {}

  /** For how long the client has taken nothing, ms. */
  stalledFor(now: number): number {
    return now - this.lastProgress;
  }

  /** Takes notice of what the client has yet to take: less than before is progress. */
  look(now: number, waiting: number): void {
    if (waiting < this.waiting) this.lastProgress = now;
    this.waiting = waiting;
  }

  /** The client is sent something, for it has taken enough of what waited. */
  resumed(now: number): void {
    this.lastProgress = now;
    this.waiting = Infinity;
  }

  get size(): number {
    return this.newest.size;
  }

  add(frame: Frame): void {
    // Deleted first, so that set() moves the key to the end.
    if (this.newest.delete(frame.key)) this.dropped++;
    this.newest.set(frame.key, frame);
  }

  /** Takes all frames out. */
  take(): Frame[] {
    const frames = [...this.newest.values()];
    this.newest.clear();
    return frames;
  }

  /** Takes the oldest frame out; undefined where none is left. */
  shift(): Frame | undefined {
    for (const [key, frame] of this.newest) {
      this.newest.delete(key);
      return frame;
    }
    return undefined;
  }
}
