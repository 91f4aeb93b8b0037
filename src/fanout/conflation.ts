import type { Frame } from './frame.js';

interface Held {
  readonly frame: Frame;
  /** It was broadcast to the client, so that to leave it out is to leave an update out. */
  readonly update: boolean;
}

/**
 * What a client that cannot keep up is still to get: the newest frame of each key, in the order they came.
 */
export class Conflation {
  /** Updates left out because a newer one of their key came, since the client was last told. */
  dropped = 0;
  private readonly newest = new Map<string, Held>();

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

  /**
   * Keeps a frame in place of the one of its key.
   * @param update whether it is a broadcast to a room of the client's. What is sent to this client only, a snapshot, has the
   *   frame of the update that it repeats; it is no update itself, so it can be left out without a loss.
   */
  add(frame: Frame, update: boolean): void {
    const held = this.newest.get(frame.key);
    const repeats = held?.frame === frame;
    if (held) {
      if (held.update && !repeats) this.dropped++;
      this.newest.delete(frame.key); // so that set() moves the key to the end
    }
    this.newest.set(frame.key, { frame, update: update || (repeats && held.update) });
  }

  /** Takes all frames out. */
  take(): Frame[] {
    const frames = [...this.newest.values()].map(({ frame }) => frame);
    this.newest.clear();
    return frames;
  }

  /** Takes the oldest frame out; undefined where none is left. */
  shift(): Frame | undefined {
    for (const [key, { frame }] of this.newest) {
      this.newest.delete(key);
      return frame;
    }
    return undefined;
  }
}
