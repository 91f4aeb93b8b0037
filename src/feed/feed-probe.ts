import { type Clock, delay } from '../common/clock.js';

/**
 * Publishes probes the way that producers publish: over another connection than the one that
 * receives them.
 */
export interface ProbePublisher {
  /** Rejects if the message cannot be published. */
  publish(channel: string, data: string): Promise<unknown>;
  /**
   * Whether a published message reaches every subscriber. It does not if the connection is to a
   * Redis replica, which delivers only to its own subscribers. Never rejects.
   */
  reachesAll(): Promise<boolean>;
}

/**
 * `heard`: the subscription delivers. `unheard`: the probe was published, but did not arrive.
 * `unknown`: the probe could not be published, or only on a Redis replica, so the state of the
 * subscription is not known.
 */
export type FeedProbeResult = 'heard' | 'unheard' | 'unknown';

export interface ProbeTimes {
  /** How long to wait for a published probe, ms. */
  readonly hearMs: number;
  /**
   * How long to retry publishing, ms. After an outage the publisher reconnects at about the same
   * time as the feed.
   */
  readonly sendMs: number;
}

export const PROBE_TIMES: ProbeTimes = { hearMs: 3_000, sendMs: 1_000 };
const SEND_RETRY_MS = 50;
const REPEAT_MS = 500;

/**
 * Checks a subscription: publishes a probe message and waits until the subscription delivers it.
 */
export class FeedProbe {
  private sent = 0;
  private heard: (() => void) | undefined;

  /**
   * @param channel a channel on which no other process publishes. The feed must subscribe to it and
   *   call `hear` for each of its messages.
   */
  constructor(
    readonly channel: string,
    private readonly publisher: ProbePublisher,
    private readonly clock: Pick<Clock, 'now' | 'after' | 'soon'>,
    readonly times = PROBE_TIMES,
  ) {}

  /**
   * Call this for each message of the channel. A late earlier probe proves the subscription too.
   */
  hear(): void {
    this.heard?.();
  }

  async send(): Promise<FeedProbeResult> {
    const waited = new AbortController();
    const heard = new Promise<'heard'>((resolve) => (this.heard = () => resolve('heard')));
    try {
      return await Promise.race([heard, this.publishAndWait(waited.signal)]);
    } finally {
      waited.abort();
      this.heard = undefined;
    }
  }

  private async publishAndWait(signal: AbortSignal): Promise<FeedProbeResult> {
    const deadline = this.clock.now() + this.times.sendMs;
    while (!(await this.published())) {
      if (this.clock.now() > deadline || signal.aborted) return 'unknown';
      await delay(this.clock, SEND_RETRY_MS, signal);
    }
    // Publish repeatedly, so that a subscription that starts to deliver meanwhile is detected at
    // once.
    for (const until = this.clock.now() + this.times.hearMs; this.clock.now() < until;) {
      await delay(this.clock, REPEAT_MS, signal);
      if (signal.aborted) return 'heard';
      void this.published();
    }
    const reachesAll = await this.publisher.reachesAll();
    // This process itself may have been busy for that long: look after what has arrived meanwhile.
    await new Promise<void>((resolve) => void this.clock.soon(resolve));
    return reachesAll ? 'unheard' : 'unknown';
  }

  private published(): Promise<boolean> {
    return this.publisher.publish(this.channel, `${++this.sent}`).then(
      () => true,
      () => false,
    );
  }
}
