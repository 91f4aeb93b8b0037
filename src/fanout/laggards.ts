import type { Clock } from '../common/clock.js';
import type { ClientWriter } from './client-writer.js';
import { Conflation } from './conflation.js';
import type { FanoutClient } from './fanout-client.js';
import type { CloseReason, FanoutObserver } from './fanout-observer.js';
import type { Frame } from './frame.js';

export interface LaggardsOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** A client with more than this many bytes waiting for the operating system is conflated. */
  readonly conflateAboveBytes: number;
  /** A lagging client that reads nothing for this long is closed, ms. */
  readonly stallTimeoutMs: number;
  /**
   * Makes the notice that tells a lagging client how many updates it missed, and for how many ms it
   * has not read.
   */
  readonly laggingFrame: (dropped: number, sinceMs: number) => Frame;
  readonly observer: Pick<FanoutObserver, 'lagging' | 'conflated'>;
}

/**
 * Limit of the frames held back from one lagging client. There is at most one per event and key,
 * which are far fewer in practice.
 */
const MAX_CONFLATED_FRAMES = 100_000;

/**
 * The clients that read more slowly than they are sent. Of each key, the newest frame is held back
 * from them until they have read what waits for them.
 */
export class Laggards {
  private readonly clients = new Set<FanoutClient>();

  constructor(
    private readonly options: LaggardsOptions,
    private readonly writer: ClientWriter,
    private readonly close: (client: FanoutClient, reason: CloseReason) => void,
  ) {}

  /** Whether a client may be written to. Otherwise it lags from now on, if it did not before. */
  keepsUp(client: FanoutClient): boolean {
    if (client.conflation) return false;
    const { clock, conflateAboveBytes, observer } = this.options;
    if (client.link.waiting <= conflateAboveBytes) return true;
    client.conflation = new Conflation(clock.now(), client.link.waiting);
    this.clients.add(client);
    observer.lagging(this.clients.size);
    client.link.watchDrain();
    return false;
  }

  /**
   * Holds frames back from a client that lags.
   * @param updates whether they count as dropped if newer ones replace them
   */
  hold(client: FanoutClient, frames: readonly Frame[], updates: boolean): void {
    const { conflation } = client;
    if (!conflation) return;
    const before = conflation.dropped;
    for (const frame of frames) {
      for (const part of frame.parts) conflation.add(part, updates);
    }
    const left = conflation.dropped - before;
    if (left > 0) this.options.observer.conflated(left);
    if (conflation.size > MAX_CONFLATED_FRAMES) this.close(client, 'overflow');
  }

  /**
   * Call this when a client has read some of its data. Sends it a notice of the updates that it
   * missed, and then the frames held back, as long as no more bytes wait than are allowed.
   */
  drained(client: FanoutClient): void {
    const { link } = client;
    const { clock, conflateAboveBytes } = this.options;
    // If the operating system takes everything at once, nothing waits and no drain event follows.
    // The loop continues until data waits or no frames are left.
    for (let { conflation } = client; conflation; { conflation } = client) {
      let room = conflateAboveBytes - link.waiting;
      if (room <= 0) {
        conflation.look(clock.now(), link.waiting);
        link.watchDrain();
        return;
      }
      const frames = this.notice(conflation);
      while (room > 0 && conflation.size > 0) {
        const frame = conflation.shift()!;
        frames.push(frame);
        room -= frame.size;
      }
      if (conflation.size === 0) this.forget(client);
      conflation.resumed(clock.now());
      this.writer.writeFrames(client, frames);
    }
  }

  /** Sends a client at once what is held back from it. It lags all the same. */
  release(client: FanoutClient): void {
    const { conflation } = client;
    if (conflation) this.writer.writeFrames(client, [...this.notice(conflation), ...conflation.take()]);
  }

  /** Closes the clients that have read nothing for too long. */
  closeStalled(now: number): void {
    for (const client of this.clients) {
      client.conflation?.look(now, client.link.waiting);
      if (client.conflation && client.conflation.stalledFor(now) > this.options.stallTimeoutMs)
        this.close(client, 'stalled');
    }
  }

  /** Drops what is held back from a client that is gone, or has been sent all of it. */
  forget(client: FanoutClient): void {
    client.conflation = undefined;
    if (this.clients.delete(client)) this.options.observer.lagging(this.clients.size);
  }

  /** The notice of the updates dropped since the last notice; empty if none were dropped. */
  private notice(conflation: Conflation): Frame[] {
    if (conflation.dropped === 0) return [];
    const { clock, laggingFrame } = this.options;
    const frame = laggingFrame(conflation.dropped, Math.round(conflation.stalledFor(clock.now())));
    conflation.dropped = 0;
    return [frame];
  }
}
