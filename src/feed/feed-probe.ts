import { type Clock, delay } from '../common/clock.js';

/** Where a probe is published: as producers do, and not by the connection that is to hear it. */
export interface ProbePublisher {
  /** Rejects where it cannot be published. */
  publish(channel: string, data: string): Promise<unknown>;
  /** Whether what is published reaches every subscriber; a replica keeps it to its own. Never rejects. */
  reachesAll(): Promise<boolean>;
}

/**
 * `heard`: the subscription delivers. `unheard`: it was published and did not come. `unknown`: it could not be published,
 * or not where it would have to be heard, which says nothing of the subscription.
 */
export type FeedProbeResult = 'heard' | 'unheard' | 'unknown';

export interface ProbeTimes {
  /** How long a probe that is on its way is waited for, ms. */
  readonly hearMs: number;
  /** How long a publisher may be without a connection, ms: after an outage it comes back about when the feed does. */
  readonly sendMs: number;
}

export const PROBE_TIMES: ProbeTimes = { hearMs: 3_000, sendMs: 1_000 };
const SEND_RETRY_MS = 50;
const REPEAT_MS = 500;

/** Sends a message round: over a publisher, through the subscription, back here. */
export class FeedProbe {
  private sent = 0;
  private heard: (() => void) | undefined;

  /** @param channel one that nobody else publishes on; the feed subscribes to it and hands its messages to `hear` */
  constructor(
    readonly channel: string,
    private readonly publisher: ProbePublisher,
    private readonly clock: Pick<Clock, 'now' | 'after'>,
    readonly times = PROBE_TIMES,
  ) {}

  /** A message of the channel. An answer to an earlier probe shows the same: it has come through. */
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
    // Again and again: a subscription that comes to life meanwhile is to be noticed at once.
    for (const until = this.clock.now() + this.times.hearMs; this.clock.now() < until;) {
      await delay(this.clock, REPEAT_MS, signal);
      if (signal.aborted) return 'heard';
      void this.published();
    }
    return (await this.publisher.reachesAll()) ? 'unheard' : 'unknown';
  }

  private published(): Promise<boolean> {
    return this.publisher.publish(this.channel, `${++this.sent}`).then(
      () => true,
      () => false,
    );
  }
}
