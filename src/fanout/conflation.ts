import { RecencyMap } from '../common/recency-map.js';
import type { Frame } from './frame.js';

interface Held {
  frame: Frame;
  /** Whether it was broadcast to the client: if it is dropped, the client misses an update. */
  update: boolean;
}

/** The frames held back from a lagging client: the newest of each key, in order of arrival. */
export class Conflation {
  /** How many updates newer ones have replaced since the client's last `lagging` notice. */
  dropped = 0;
  private readonly newest = new RecencyMap<string, Held>();

  /**
   * @param lastProgress when the client was last seen to read, ms of the engine's clock
   * @param waiting how many bytes were still waiting for the client then
   */
  constructor(
    private lastProgress: number,
    private waiting: number,
  ) {}

  /** How long the client has not read anything, ms. */
  stalledFor(now: number): number {
    return now - this.lastProgress;
  }

  /** Records how many bytes wait for the client. Fewer than before means that the client reads. */
  look(now: number, waiting: number): void {
    if (waiting < this.waiting) this.lastProgress = now;
    this.waiting = waiting;
  }

  /** Records that the client has read enough to be sent more frames. */
  resumed(now: number): void {
    this.lastProgress = now;
    this.waiting = Infinity;
  }

  get size(): number {
    return this.newest.size;
  }

  /**
   * Adds a frame, which replaces the older frame of its key.
   * @param update true for a broadcast to one of the client's rooms, false for a frame sent to this
   *   client only, such as a snapshot. A snapshot shares the frame of the update that it repeats,
   *   so dropping it loses no update.
   */
  add(frame: Frame, update: boolean): void {
    const held = this.newest.get(frame.key);
    if (!held) {
      this.newest.set(frame.key, { frame, update });
      return;
    }
    const repeats = held.frame === frame;
    if (held.update && !repeats) this.dropped++;
    held.frame = frame;
    held.update = update || (repeats && held.update);
    this.newest.set(frame.key, held);
  }

  /** Removes and returns all frames. */
  take(): Frame[] {
    const frames = [...this.newest.values()].map(({ frame }) => frame);
    this.newest.clear();
    return frames;
  }

  /** Removes and returns the oldest frame; undefined if there is none. */
  shift(): Frame | undefined {
    const key = this.newest.firstKey;
    if (key === undefined) return undefined;
    const { frame } = this.newest.get(key)!;
    this.newest.delete(key);
    return frame;
  }
}
